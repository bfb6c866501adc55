-- Gives live orders back the holds that Redis lost, and takes their units from the stock. Repeatable: an order that has its hold is
-- left alone. Stock may fall below zero when units were sold again; nothing is for sale then until the surplus is rejected.
--
-- KEYS  1 item    2 buyers   3 holds   4 orders
-- ARGV  1 last Redis time (unix ms) at which anything is done: the caller unlocks the orders' rows then, and they may be closed
--       then for each order: order id, user id, units, reserved at (unix ms)
-- Returns { number of holds given back, epoch, seq, now ms }, { -1 } when the item is not warm, or { -2 } when it is too late
-- Uses: hold, integer, pieces, time
--
-- Every key is read before the first write, so an error changes nothing.

local now = now_ms()
if now > tonumber(ARGV[1]) then return { -2 } end
local item = redis.call('HMGET', KEYS[1], 'available', 'held', 'repairs', 'epoch', 'seq')
if not item[1] then return { -1 } end
local available, held, repairs = integer(item[1]), integer(item[2]), integer(item[3])
local epoch, seq = integer(item[4] or '1'), integer(item[5])

local orders, users, has_hold, units_of, orders_of = {}, {}, {}, {}, {}
for i = 2, #ARGV, 4 do
  orders[#orders + 1] = ARGV[i]
  users[#users + 1] = ARGV[i + 1]
end
for i, hold in ipairs(call_in_pieces('HMGET', KEYS[3], orders)) do has_hold[orders[i]] = hold end
for i, units in ipairs(call_in_pieces('HMGET', KEYS[2], users)) do units_of[users[i]] = integer(units) end
for i, list in ipairs(call_in_pieces('HMGET', KEYS[4], users)) do orders_of[users[i]] = list or '' end

local holds, is_changed, restored, taken = {}, {}, 0, 0
for i, order in ipairs(orders) do
  if not has_hold[order] then
    local user, units, others = users[i], ARGV[i * 4], orders_of[users[i]]
    has_hold[order] = true
    is_changed[user] = true
    holds[#holds + 1] = order
    holds[#holds + 1] = format_hold(user, units, ARGV[i * 4 + 1])
    units_of[user] = units_of[user] + units
    if not string.find(others, order, 1, true) then orders_of[user] = others == '' and order or others .. ' ' .. order end
    restored, taken = restored + 1, taken + units
  end
end
if restored == 0 then return { 0, epoch, seq, now } end

call_in_pieces('HSET', KEYS[3], holds)
for user in pairs(is_changed) do
  redis.call('HSET', KEYS[2], user, units_of[user])
  redis.call('HSET', KEYS[4], user, orders_of[user])
end
redis.call('HSET', KEYS[1], 'available', available - taken, 'held', held + taken, 'repairs', repairs + 1, 'logged', -1,
  'seq', seq + 1)
return { restored, epoch, seq + 1, now }
