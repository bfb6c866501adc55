-- (10) Hands the oldest due outbox entries to one sweeper, and puts each back for later, so that other sweepers pass it by
-- and an entry that cannot be published does not stand in front of the rest.
--
-- KEYS  1 outbox   2 holds
-- ARGV  1 minimum age ms   2 most entries   3 longest wait ms until an entry is offered again
-- Returns { now ms, order id, hold ('' if there is none), order id, hold ... }
--
-- An entry's score is when it was reserved, then when it is next due less the minimum age. The wait doubles with the age of
-- the entry: a long outage of a consumer must not fill the queue with copies.

local minimum_age, longest_wait = tonumber(ARGV[1]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - minimum_age, 'LIMIT', 0, ARGV[2])
local reply = { now }
for _, order in ipairs(due) do
  local hold = redis.call('HGET', KEYS[2], order) or ''
  local reserved_at = tonumber(string.match(hold, '^%d+:%d+:(%d+)')) or 0
  local wait = math.min(math.max(now - reserved_at, minimum_age), longest_wait)
  redis.call('ZADD', KEYS[1], now + wait - minimum_age, order)
  reply[#reply + 1] = order
  reply[#reply + 1] = hold
end
return reply
