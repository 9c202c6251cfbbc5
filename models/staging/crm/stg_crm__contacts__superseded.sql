-- Only what the materialization `touched` needs to find the customers that a displaced row had touched.
select
    customer_id,
    _load_id as load_id,
    _superseded_load_id as superseded_load_id
from {{ source('superseded', 'contacts') }}
