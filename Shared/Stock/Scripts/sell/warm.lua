-- Makes a sale item sellable. Repeatable: an item that is warm keeps its stock and only becomes open again. An item that waits for
-- its rebuild stays as it is, and opens when the rebuild ends. An item that was warm once is not made from the plan a second time:
-- Redis has lost it, and its units may be sold.
--
-- KEYS  1 item
-- ARGV  1 version of the sale's state   2 new, '1' for an item that was never warm   then field, value ... of a new item
-- Returns 1 when the item was created, 0 when it existed; when nothing is changed: -1 when Redis has a newer state, -2 when the item
--         exists with other terms (number, price, currency, window, limit, payment timeout, cap of orders, cool-down), or -3 when Redis
--         has lost the item
-- Uses: integer

local item = redis.call('HMGET', KEYS[1], 'available', 'state', 'state_version')
if integer(item[3]) > tonumber(ARGV[1]) then return -1 end
if not item[1] then
  if ARGV[2] ~= '1' then return -3 end
  redis.call('HSET', KEYS[1], 'state', 'open', 'state_version', ARGV[1], 'held', 0, 'seq', 1, unpack(ARGV, 3))
  return 1
end

-- With what stands for a term that the item does not have: one of an older version has neither cap nor cool-down.
local terms = {
  number = '', price = '', currency = '', opens = '', closes = '', limit = '', payment_timeout = '', orders_per_user = '0', cool_down = '0',
}
for i = 3, #ARGV, 2 do
  local otherwise = terms[ARGV[i]]
  if otherwise and (redis.call('HGET', KEYS[1], ARGV[i]) or otherwise) ~= ARGV[i + 1] then return -2 end
end
redis.call('HSET', KEYS[1], item[2] == 'lost' and 'after' or 'state', 'open', 'state_version', ARGV[1])
return 0
