-- Makes a sale item sellable. Repeatable: an item that is warm keeps its stock and only becomes open again. An item that waits for
-- its rebuild stays as it is, and opens when the rebuild ends.
--
-- KEYS  1 item
-- ARGV  field, value, field, value ... of a new item
-- Returns 1 when the item was created, 0 when it existed

if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HDEL', KEYS[1], 'after')
  if redis.call('HGET', KEYS[1], 'state') ~= 'lost' then redis.call('HSET', KEYS[1], 'state', 'open') end
  return 0
end
redis.call('HSET', KEYS[1], 'state', 'open', 'held', 0, unpack(ARGV))
return 1
