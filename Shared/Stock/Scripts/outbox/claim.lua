-- (10) Hands the oldest due outbox entries to one sweeper and postpones each, so that other sweepers pass it by, and an entry that
-- cannot be published does not block the rest.
--
-- KEYS  1 outbox   2 holds
-- ARGV  1 minimum age ms   2 maximum entries   3 longest wait ms until an entry is offered again
-- Returns { now ms, order id, hold ('' if there is none), order id, hold ... }
-- Uses: hold, pieces, time
--
-- The score of an entry is first the time of its reservation, then the time when it is due again less the minimum age. The wait
-- doubles with the age of the entry: a long outage of a consumer must not fill the queue with copies.
--
-- After the clock was set back, entries from before have a time in the future. They are late, and not new: an entry is due as well when
-- its score is the time of its reservation, or beyond what any claim gives, and the clock has not reached it.

local minimum_age, longest_wait = tonumber(ARGV[1]), tonumber(ARGV[3])
local now = now_ms()
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - minimum_age, 'LIMIT', 0, ARGV[2])
local ahead, orders = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. now, 'WITHSCORES', 'LIMIT', 0, ARGV[2] - #due), {}
for i = 1, #ahead, 2 do orders[#orders + 1] = ahead[i] end
for i, hold in ipairs(call_in_pieces('HMGET', KEYS[2], orders)) do
  local score, _, _, reserved_at = tonumber(ahead[i * 2]), parse_hold(hold)
  if score == reserved_at or score > now + longest_wait then due[#due + 1] = orders[i] end
end
local holds = call_in_pieces('HMGET', KEYS[2], due)
local reply, scores = { now }, {}
for i, order in ipairs(due) do
  local _, _, reserved_at = parse_hold(holds[i])
  local wait = math.min(math.max(math.abs(now - (reserved_at or 0)), minimum_age), longest_wait)
  scores[#scores + 1] = now + wait - minimum_age
  scores[#scores + 1] = order
  reply[#reply + 1] = order
  reply[#reply + 1] = holds[i] or ''
end
call_in_pieces('ZADD', KEYS[1], scores)
return reply
