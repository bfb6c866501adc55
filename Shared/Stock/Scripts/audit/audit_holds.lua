-- (11) Reads one page of the holds of an item, with what the other keys say of each at the same instant.
--
-- KEYS  1 buyers   2 holds   3 outbox   4 orders
-- ARGV  1 cursor, 0 to begin   2 approximate number of holds in a page
-- Returns { next cursor (0 at the end), order id, hold, 1 if in the outbox, 1 if the buyer's entries know the order, order id ... }
-- Uses: hold, pieces

local page = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])
local reply, entries, orders, users = { page[1] }, page[2], {}, {}
for i = 1, #entries, 2 do
  orders[#orders + 1] = entries[i]
  users[#users + 1] = parse_hold(entries[i + 1]) or ''
end

local waiting = call_in_pieces('ZMSCORE', KEYS[3], orders)
local counts = call_in_pieces('HMGET', KEYS[1], users)
local lists = call_in_pieces('HMGET', KEYS[4], users)
for i, order in ipairs(orders) do
  local known = counts[i] and string.find(lists[i] or '', order, 1, true)
  reply[#reply + 1] = order
  reply[#reply + 1] = entries[i * 2]
  reply[#reply + 1] = waiting[i] and 1 or 0
  reply[#reply + 1] = known and 1 or 0
end
return reply
