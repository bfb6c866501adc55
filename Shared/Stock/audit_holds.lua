-- (11) Reads one page of the holds of an item, with what other keys say of each at the same instant.
--
-- KEYS  1 buyers   2 holds   3 outbox   4 orders
-- ARGV  1 cursor, 0 to begin   2 holds in a page, about
-- Returns { next cursor (0 at the end), order id, hold, 1 if in the outbox, 1 if the buyer's entries know the order, order id ... }

local page = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])
local reply, entries, lists = { page[1] }, page[2], {}
for i = 1, #entries, 2 do
  local order, user = entries[i], string.match(entries[i + 1], '^(%d+):') or ''
  lists[user] = lists[user]
    or redis.call('HEXISTS', KEYS[1], user) == 1 and redis.call('HGET', KEYS[4], user) or ''
  local known = string.find(lists[user], order, 1, true)
  reply[#reply + 1] = order
  reply[#reply + 1] = entries[i + 1]
  reply[#reply + 1] = redis.call('ZSCORE', KEYS[3], order) and 1 or 0
  reply[#reply + 1] = known and 1 or 0
end
return reply
