-- (9) Gives back the units of closed orders. Repeatable: the call that deletes a hold gives its units back, so they come back once.
--
-- KEYS  1 item    2 buyers   3 holds   4 outbox   5 orders   6 returned
-- ARGV  1 item name, published to every instance when units came back
--       2 count, 1 when the orders count as made by their buyers, 0 when not   then at least one order id
-- Returns { number of orders whose units were given back now, epoch, seq, now ms }; seq is 0 when the item is gone
-- Uses: hold, integer, returned, time
--
-- A call that finds nothing to give back counts as well: it may repeat one whose number is not recorded, because its caller died.
-- Every key is read before the first write, so an error changes nothing. Each key is read and written once for all orders together,
-- because buyers wait while this runs. The caller bounds the number of orders (256), and with it each unpack.

local item = redis.call('HMGET', KEYS[1], 'available', 'held', 'released', 'epoch', 'seq')
local gone, is_gone, users, units_of, orders_of, units_back = {}, {}, {}, {}, {}, 0
for i, hold in ipairs(redis.call('HMGET', KEYS[3], unpack(ARGV, 3))) do
  local order = ARGV[i + 2]
  if hold and not is_gone[order] then
    local user, units = parse_hold(hold)
    if not units_of[user] then users[#users + 1] = user end
    units_of[user], orders_of[user] = (units_of[user] or 0) + units, (orders_of[user] or 0) + 1
    units_back = units_back + units
    gone[#gone + 1] = order
    is_gone[order] = true
  end
end
-- The outbox is only written. Its size is read because ZCARD fails on a key of a wrong type.
redis.call('ZCARD', KEYS[4])
local reply = { #gone, integer(item[4] or '1'), item[1] and integer(item[5]) + 1 or 0, now_ms() }
if #gone == 0 then
  if item[1] then redis.call('HSET', KEYS[1], 'seq', reply[3]) end
  return reply
end

local buyers, no_buyers, orders, no_orders, returned = {}, {}, {}, {}, {}
local held = redis.call('HMGET', KEYS[2], unpack(users))
local live = redis.call('HMGET', KEYS[5], unpack(users))
local returned_before = redis.call('HMGET', KEYS[6], unpack(users))
for i, user in ipairs(users) do
  local units, others = (tonumber(held[i]) or 0) - units_of[user], {}
  for other in string.gmatch(live[i] or '', '%x+') do
    if not is_gone[other] then others[#others + 1] = other end
  end
  if units > 0 then
    buyers[#buyers + 1] = user
    buyers[#buyers + 1] = units
  else
    no_buyers[#no_buyers + 1] = user
  end
  if #others > 0 then
    orders[#orders + 1] = user
    orders[#orders + 1] = table.concat(others, ' ')
  else
    no_orders[#no_orders + 1] = user
  end
  local before, newest = parse_returned(returned_before[i])
  returned[#returned + 1] = user
  returned[#returned + 1] = format_returned(before + orders_of[user], math.max(newest, reply[4]))
end
local available, all_held = integer(item[1]) + units_back, integer(item[2]) - units_back
local released = integer(item[3]) + units_back

redis.call('HDEL', KEYS[3], unpack(gone))
redis.call('ZREM', KEYS[4], unpack(gone))
if #buyers > 0 then redis.call('HSET', KEYS[2], unpack(buyers)) end
if #no_buyers > 0 then redis.call('HDEL', KEYS[2], unpack(no_buyers)) end
if #orders > 0 then redis.call('HSET', KEYS[5], unpack(orders)) end
if #no_orders > 0 then redis.call('HDEL', KEYS[5], unpack(no_orders)) end
if ARGV[2] == '1' then redis.call('HSET', KEYS[6], unpack(returned)) end
-- An item that Redis has lost is not created from what comes back; its rebuild counts.
if item[1] then
  redis.call('HSET', KEYS[1], 'available', available, 'held', all_held, 'released', released, 'seq', reply[3])
  redis.call('PUBLISH', 'seckill:restocked', ARGV[1])
end
return reply
