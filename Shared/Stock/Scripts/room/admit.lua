-- Moves the number of the waiting room up to which places are admitted, at most once a second, whatever process calls.
--
-- KEYS  1 room   2 registrations   3 steps   4 used
-- ARGV  1 units for sale, -1 while unknown   2 over, '1' when the sale is   3 units taken so far   4 time at which these were read, ms
--       then the positions whose pass was used
-- Returns nothing when there is no room, else { admitted in this call, served, expired, passes that are out and unused }
-- Uses: integer, room, time
--
-- The clock of the room counts only while something is for sale and the room is not paused, so that no pass runs out while it is worth
-- nothing.
-- A step is '<served> <clock> <now ms>': up to which position, and since when by both clocks. Positions below `expired` had their turn.
--
-- A list of steps that does not reach as far as `served` has lost its end: who was admitted and is in no step gets the turn now.
--
-- How many more: as many as the rate allows, and as the units for sale suffice for, when those who are admitted and have not bought yet
-- come and buy as the others did before them. While no pass is out, one more buyer always comes in, or an estimate could stop the sale.

local fields = redis.call('HMGET', KEYS[1], 'draws', 'sealed', 'seed', 'mode', 'rate', 'pass_ms', 'served', 'expired', 'step', 'clock',
  'tick_at', 'moved_at', 'came', 'gone', 'buyers', 'bought', 'taken', 'units', 'units_at', 'commitment')
if not fields[20] then return {} end
local function number(i) return integer(fields[i]) end
local mode, rate, pass_ms, served, expired = fields[4], number(5), number(6), number(7), number(8)
local step, clock, tick_at, moved_at = number(9), number(10), number(11), number(12)
local came, gone, buyers, bought, taken = number(13), number(14), number(15), number(16), number(17)
local units, units_at, over = number(18), number(19), ARGV[2] == '1'
local draws_at, sealed = number(1), fields[2] and number(2) or nil
local places, steps, _ = redis.call('LLEN', KEYS[2]), redis.call('LLEN', KEYS[3]), redis.call('ZCARD', KEYS[4])
local now, had_units = now_ms(), units > 0
local last_step = steps > 0 and tonumber(string.match(redis.call('LINDEX', KEYS[3], -1), '^(%d+)')) or 0
step = math.min(step, steps)

-- Of two callers the one who read later knows better; a large difference is a clock that was set back.
local read_at = tonumber(ARGV[4])
if read_at >= units_at or units_at - read_at > 5000 then
  units, units_at = tonumber(ARGV[1]), read_at
  if tonumber(ARGV[3]) > taken and mode ~= 'off' then bought = bought + tonumber(ARGV[3]) - taken end
  taken = tonumber(ARGV[3])
end

local is_selling = fields[3] and units > 0 and not over and (mode == 'open' or mode == 'draining')
if is_selling and had_units and tick_at > 0 then clock = clock + math.max(0, math.min(now - tick_at, 2000)) end
local was_expired = expired
while step < steps do
  local upto, since = string.match(redis.call('LINDEX', KEYS[3], step), '^(%d+) (%d+)')
  if since + pass_ms > clock then break end
  step, expired = step + 1, tonumber(upto)
end

seal(KEYS[1], KEYS[2], draws_at, sealed, now)
for i = 5, #ARGV do
  local position = tonumber(ARGV[i])
  if position >= was_expired and position < served then
    buyers = buyers + redis.call('ZADD', KEYS[4], position, ARGV[i])
  end
end
if expired > was_expired then
  gone = gone + expired - was_expired
  came = came + redis.call('ZREMRANGEBYSCORE', KEYS[4], 0, expired - 1)
end
-- Newer buyers count more than older ones.
if gone > 2000 then came, gone = math.floor(came / 2), math.floor(gone / 2) end
if buyers > 2000 then buyers, bought = math.floor(buyers / 2), math.floor(bought / 2) end
local out = served - expired - redis.call('ZCARD', KEYS[4])

if last_step < served then redis.call('RPUSH', KEYS[3], string.format('%d %d %d', served, clock, now)) end
local more, since_move = 0, now - moved_at
if is_selling and (since_move >= 1000 or since_move < 0) then
  -- However few came so far, at most ten times the units are invited: a crowd that comes at last must not come for nothing.
  local units_each = math.max(0.1, (came + 10) / (gone + 10)) * math.max(1, (bought + 10) / (buyers + 10))
  local suffice = math.floor(units / units_each) - out
  if out == 0 then suffice = math.max(suffice, 1) end
  -- Calls are a little more than a second apart; what is longer was an idle queue, and gives no burst.
  local allowed = math.max(1, math.floor(rate * (moved_at > 0 and math.min(math.max(since_move, 1000), 1500) or 1000) / 1000))
  more = math.max(0, math.min(allowed, suffice, places - served))
  if more > 0 then
    served, moved_at = served + more, now
    redis.call('RPUSH', KEYS[3], string.format('%d %d %d', served, clock, now))
  end
end
redis.call('HSET', KEYS[1], 'served', served, 'expired', expired, 'step', step, 'clock', clock, 'tick_at', now, 'moved_at', moved_at,
  'came', came, 'gone', gone, 'buyers', buyers, 'bought', bought, 'taken', taken, 'units', units, 'units_at', units_at,
  'closed', over and '1' or '0', 'out', out + more)
return { more, served, expired, out + more }
