-- Accounts of Salesforce that are customers. The id that your other tools know is your own field `Customer_Id__c`.
-- Left out: accounts that are not customers or deleted, and further ones of a customer.
select
    coalesce(customer_id__c, id) as customer_id,
    name as display_name,
    createddate as registered_at,
    billingcountry as region,
    billingcity as city,
    'salesforce' as source_system,
    _file,
    _line
from {{ export('salesforce/Account*', text=true, latest='Id', columns=[
    'BillingCity', 'BillingCountry', 'Customer_Id__c', 'Industry', 'IsDeleted', 'Type'
]) }}
where (customer_id__c is not null or type like 'Customer%') and coalesce(lower(isdeleted), 'false') = 'false'
-- Several accounts with the id of one account: the first of them registered it.
qualify row_number() over (partition by coalesce(customer_id__c, id) order by createddate, id) = 1
