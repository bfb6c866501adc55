-- (11) Reads one page of the holds of an item, with what other keys say of each at the same instant.
--
-- KEYS  1 buyers   2 holds   3 outbox   4 orders
-- ARGV  1 cursor, 0 to begin   2 holds in a page, about
-- Returns { next cursor (0 at the end), order id, hold, 1 if in the outbox, 1 if the buyer's entries know the order, order id ... }

local page = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])
local reply, entries, orders, users = { page[1] }, page[2], {}, {}
if #entries == 0 then return reply end
for i = 1, #entries, 2 do
  orders[#orders + 1] = entries[i]
  users[#users + 1] = string.match(entries[i + 1], '^(%d+):') or ''
end

local waiting = redis.call('ZMSCORE', KEYS[3], unpack(orders))
local counts = redis.call('HMGET', KEYS[1], unpack(users))
local lists = redis.call('HMGET', KEYS[4], unpack(users))
for i, order in ipairs(orders) do
  local known = counts[i] and string.find(lists[i] or '', order, 1, true)
  reply[#reply + 1] = order
  reply[#reply + 1] = entries[i * 2]
  reply[#reply + 1] = waiting[i] and 1 or 0
  reply[#reply + 1] = known and 1 or 0
end
return reply
