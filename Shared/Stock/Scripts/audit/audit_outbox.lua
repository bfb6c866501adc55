-- (11) Finds entries without a hold in one page of the outbox of an item.
--
-- KEYS  1 outbox   2 holds
-- ARGV  1 cursor, 0 to begin   2 approximate number of entries in a page
-- Returns { next cursor (0 at the end), order id ... }

local page = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local reply, entries = { page[1] }, page[2]
for i = 1, #entries, 2 do
  if redis.call('HEXISTS', KEYS[2], entries[i]) == 0 then reply[#reply + 1] = entries[i] end
end
return reply
