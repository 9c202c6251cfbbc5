-- The industry of accounts. Add others with `union all`; a row of policy/customer_breakdowns.csv breaks measures down.
-- Left out: accounts without an industry, that are not customers or deleted, and further ones of a customer.
select
    coalesce(customer_id__c, id) as customer_id,
    'industry' as attribute,
    industry as value,
    'salesforce' as source_system,
    _file,
    _line
from {{ export('salesforce/Account*', text=true, latest='Id', columns=[
    'BillingCity', 'BillingCountry', 'Customer_Id__c', 'Industry', 'IsDeleted', 'Type'
]) }}
where industry is not null
    and (customer_id__c is not null or type like 'Customer%')
    and coalesce(lower(isdeleted), 'false') = 'false'
-- Several accounts with the id of one account: the first of them counts.
qualify row_number() over (partition by coalesce(customer_id__c, id) order by createddate, id) = 1
