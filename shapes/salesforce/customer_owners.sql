-- Owners of accounts that are customers. The owner of today counts since the account was created.
-- Left out: accounts that are not customers or deleted, and further ones of a customer.
select
    coalesce(customer_id__c, id) as customer_id,
    'account_manager' as role,
    ownerid as employee_id,
    createddate as valid_from,
    'salesforce' as source_system,
    _file,
    _line
from {{ export('salesforce/Account*', text=true, latest='Id', columns=[
    'BillingCity', 'BillingCountry', 'Customer_Id__c', 'Industry', 'IsDeleted', 'Type'
]) }}
where (customer_id__c is not null or type like 'Customer%') and coalesce(lower(isdeleted), 'false') = 'false'
-- Several accounts with the id of one account: the first of them counts.
qualify row_number() over (partition by coalesce(customer_id__c, id) order by createddate, id) = 1
