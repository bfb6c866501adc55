-- (3) Reserves a batch of requests for one sale item, atomically: window, per-user limit, stock, hold and outbox entry.
--
-- KEYS  1 item    2 buyers   3 holds   4 outbox   5 orders   6 keys   7 log   8 returned
-- ARGV  1 outbox bound (entries)   2 number of requests, negative in a sale with a waiting room   3 epoch
--       4 seq, the newest that the caller knows, or 0
--       then for each request: order id suffix (24 hex digits), user id, quantity, idempotency key ('' for none),
--       in a sale with a waiting room also the turn of the buyer: when it began (ms), 0 for one that is over, -1 when none is needed;
--       more arguments may follow and are ignored, so that the caller can pool its argument arrays by size
-- Returns nothing when the item is not warm, or waits for its rebuild (8 unknown-item for every request);
--       { epoch, seq } when these are older than what the caller knows: Redis has lost writes, and the item waits for its rebuild now; else
--       { now ms, available after, number, unit price, currency, opens ms, closes ms, payment timeout seconds, epoch, seq after,
--         one character for the outcome of each request, the detail of each outcome 1, 2, 9, a and b ... }
--
-- Outcomes, most important first; the first that holds is the answer:
--   1  replayed        this user, item and key have an order already: '<order id> <quantity> <reserved at ms>'
--   3  key-reused      the same key came with another quantity
--   4  not-open        Redis time is before the window
--   5  closed          Redis time is after the window, or the sale was closed by hand
--   2  limit-reached   the user's live orders, oldest first: '<order id> ...'
--   a  orders-used-up  the user has made all orders that one may ever make of the item: the live orders, as with limit-reached
--   b  cooling-down    an order of the user came back a moment ago: whole seconds until the next one is allowed
--   9  pass-used       the buyer has ordered since the turn began, or the turn is over: the live orders, as with limit-reached
--   6  sold-out        fewer units left than asked for
--   7  outbox-full     the outbox has reached its bound
--   0  reserved        order id = number .. suffix, reserved at = now
-- Uses: fence, hold, log, returned, time
--
-- Every key is read before the first write, so an error (say, out of memory) changes nothing. The caller bounds the number of
-- requests (1,024), and with it each unpack.
--
-- In a sale with a waiting room, field '<user id>' of the keys has the time of the buyer's newest order, cancelled or not: a turn admits
-- one order of the item. It is not before the turn, so no clock that is behind admits twice.

local outbox_bound, requests = tonumber(ARGV[1]), math.abs(tonumber(ARGV[2]))
local has_room = tonumber(ARGV[2]) < 0
local width = has_room and 5 or 4
local item = redis.call('HMGET', KEYS[1],
  'available', 'held', 'number', 'price', 'currency', 'opens', 'closes', 'state', 'limit', 'released', 'logged', 'payment_timeout',
  'epoch', 'seq', 'orders_per_user', 'cool_down')
if not item[1] or item[8] == 'lost' then return {} end
local epoch, seq, known_epoch = tonumber(item[13] or 1), tonumber(item[14] or 0), tonumber(ARGV[3])
if epoch < known_epoch or (epoch == known_epoch and seq < tonumber(ARGV[4])) then
  fence(KEYS[1], item[8])
  return { epoch, seq }
end

local available, held, number = tonumber(item[1]), tonumber(item[2]), item[3]
local opens, closes, limit = tonumber(item[6]), tonumber(item[7]), tonumber(item[9])
local orders_per_user, cool_down = tonumber(item[15] or 0), tonumber(item[16] or 0) * 1000
local ever_held, log_is_whole = check_log(held, item[10], item[11])
local now = now_ms()
-- As text once: Lua would format the number again at each use, several times for each request.
local reserved_at = string.format('%d', now)
local waiting = redis.call('ZCARD', KEYS[4])

local users = {}
for i = 1, requests do users[i] = ARGV[(i - 1) * width + 6] end
local held_by, orders_of, claimed = {}, {}, {}
for i, units in ipairs(redis.call('HMGET', KEYS[2], unpack(users))) do
  held_by[users[i]] = tonumber(units or 0)
end

-- Read for an item with such a term alone: no other pays for it.
local returned, newest_return = {}, {}
if orders_per_user > 0 or cool_down > 0 then
  for i, entry in ipairs(redis.call('HMGET', KEYS[8], unpack(users))) do
    returned[users[i]], newest_return[users[i]] = parse_returned(entry)
  end
end

local function live_orders(user)
  if not orders_of[user] then
    orders_of[user] = held_by[user] > 0 and redis.call('HGET', KEYS[5], user) or ''
  end
  return orders_of[user]
end

-- Orders that the user has and had: an id has 32 digits, and a space stands between two.
local function orders_ever(user) return returned[user] + math.floor((#live_orders(user) + 1) / 33) end

-- Nothing, or the ms until the user may order again. After the clock was set back, a return in the future counts as so long ago.
local function cools_for(user)
  local newest = newest_return[user]
  if math.abs(now - newest) < cool_down then return math.min(newest + cool_down - now, cool_down) end
end

local holds, entries, keys, changed, is_changed, newcomers, is_replayed = {}, {}, {}, {}, {}, {}, false

local newest_order = {}
local function last_order(user)
  newest_order[user] = newest_order[user] or tonumber(redis.call('HGET', KEYS[6], user) or 0)
  return newest_order[user]
end

local function answer(suffix, user, quantity, key, turn)
  local claim = key ~= '' and user .. ' ' .. key
  if claim then
    claimed[claim] = claimed[claim] or redis.call('HGET', KEYS[6], claim)
    if claimed[claim] then
      local claimed_quantity = tonumber(string.match(claimed[claim], ' (%d+) '))
      is_replayed = is_replayed or claimed_quantity == quantity
      if claimed_quantity == quantity then return 1, claimed[claim] end
      return 3
    end
  end

  if now < opens then return 4 end
  if now >= closes or item[8] ~= 'open' then return 5 end
  if held_by[user] + quantity > limit then return 2, live_orders(user) end
  if orders_per_user > 0 and orders_ever(user) >= orders_per_user then return 'a', live_orders(user) end
  local wait = cool_down > 0 and cools_for(user)
  if wait then return 'b', string.format('%d', math.ceil(wait / 1000)) end
  if turn and turn >= 0 and last_order(user) >= turn then return 9, live_orders(user) end
  if available < quantity then return 6 end
  if waiting >= outbox_bound then return 7 end

  local order, so_far = number .. suffix, live_orders(user)
  available, held, waiting = available - quantity, held + quantity, waiting + 1
  ever_held = ever_held + quantity
  if held_by[user] == 0 then newcomers[#newcomers + 1] = user end
  if not is_changed[user] then changed[#changed + 1] = user end
  is_changed[user] = true
  held_by[user] = held_by[user] + quantity
  orders_of[user] = so_far == '' and order or so_far .. ' ' .. order
  holds[#holds + 1] = order
  holds[#holds + 1] = format_hold(user, quantity, reserved_at, key)
  entries[#entries + 1] = reserved_at
  entries[#entries + 1] = order
  if claim then
    claimed[claim] = order .. ' ' .. quantity .. ' ' .. reserved_at
    keys[#keys + 1] = claim
    keys[#keys + 1] = claimed[claim]
  end
  if turn then
    newest_order[user] = math.max(now, turn, last_order(user))
    keys[#keys + 1] = user
    keys[#keys + 1] = string.format('%d', newest_order[user])
  end
  return 0
end

local outcomes, details = {}, {}
for i = 1, requests do
  local at = (i - 1) * width + 5
  outcomes[i], details[#details + 1] =
    answer(ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3], has_room and tonumber(ARGV[at + 4]))
end
if #holds > 0 then seq = seq + 1 end
local reply = { now, available, number, item[4], item[5], opens, closes, item[12], epoch, seq, table.concat(outcomes), unpack(details) }

if #holds > 0 then
  -- Once for each user, however many of their orders are in the batch: a list of orders is written as a whole.
  local buyers, orders = {}, {}
  for i, user in ipairs(changed) do
    buyers[i * 2 - 1], buyers[i * 2] = user, held_by[user]
    orders[i * 2 - 1], orders[i * 2] = user, orders_of[user]
  end
  -- A wrong type of holds fails the first write, so it changes nothing. Orders are not read for a first order: HLEN fails instead.
  redis.call('HLEN', KEYS[5])
  redis.call('LLEN', KEYS[7])
  redis.call('HSET', KEYS[3], unpack(holds))
  redis.call('HSET', KEYS[1], 'available', available, 'held', held, 'logged', ever_held, 'seq', seq)
  redis.call('ZADD', KEYS[4], unpack(entries))
  redis.call('HSET', KEYS[2], unpack(buyers))
  redis.call('HSET', KEYS[5], unpack(orders))
  if #keys > 0 then redis.call('HSET', KEYS[6], unpack(keys)) end
  if not log_is_whole then
    redis.call('HSET', KEYS[1], 'log', reserved_at)
    redis.call('UNLINK', KEYS[7])
  end
  if #newcomers > 0 then redis.call('RPUSH', KEYS[7], unpack(newcomers)) end
elseif is_replayed then
  -- A write, so that a caller who waits for replicas waits until they have the order that it repeats.
  redis.call('HSET', KEYS[1], 'seq', seq)
end
return reply
