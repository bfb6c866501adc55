-- Makes a sale item sellable. Repeatable: an item that is warm keeps its stock and only becomes open again. An item that waits for
-- its rebuild stays as it is, and opens when the rebuild ends.
--
-- KEYS  1 item
-- ARGV  1 version of the sale's state   then field, value, field, value ... of a new item
-- Returns 1 when the item was created, 0 when it existed, -1 when Redis has a newer state (nothing is changed), or -2 when the item
--         exists with another number, price, currency, window, limit or payment timeout (nothing is changed)
-- Uses: integer

local item = redis.call('HMGET', KEYS[1], 'available', 'state', 'state_version')
if integer(item[3]) > tonumber(ARGV[1]) then return -1 end
if not item[1] then
  redis.call('HSET', KEYS[1], 'state', 'open', 'state_version', ARGV[1], 'held', 0, unpack(ARGV, 2))
  return 1
end

local terms = { number = true, price = true, currency = true, opens = true, closes = true, limit = true, payment_timeout = true }
for i = 2, #ARGV, 2 do
  if terms[ARGV[i]] and redis.call('HGET', KEYS[1], ARGV[i]) ~= ARGV[i + 1] then return -2 end
end
redis.call('HSET', KEYS[1], item[2] == 'lost' and 'after' or 'state', 'open', 'state_version', ARGV[1])
return 0
