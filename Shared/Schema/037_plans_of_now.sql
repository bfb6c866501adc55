-- A plan that is kept from before the first order of a sale reads all unpaid orders in each call. docs/decisions/0065 has the figures.
alter function close_orders(tid[], text, boolean) reset plan_cache_mode;

-- These look up a sale, an item and their own new rows by their keys: one plan fits every call, and planning costs a tenth of placing.
alter function place_orders(
  bigint, bigint, bigint, text, text[], bigint[], int[], timestamptz[], int, text[], text[]) set plan_cache_mode = force_generic_plan;
alter function record_writes(bigint, bigint, int[], bigint[], timestamptz[]) set plan_cache_mode = force_generic_plan;
