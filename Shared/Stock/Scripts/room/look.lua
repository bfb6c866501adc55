-- Reads a waiting room at one instant, with a page of its two lists.
--
-- KEYS  1 room   2 registrations   3 steps
-- ARGV  1 first registration to read, from 0   2 first step to read   3 most of each in the answer
-- Returns nothing when there is no room, else { now ms, field and value of the room ..., number of registrations, { user ... },
--       number of steps, { '<served> <clock ms> <now ms>' ... } }
-- Uses: time

local room = redis.call('HGETALL', KEYS[1])
if #room == 0 then return {} end
local function page(first) return first, first + ARGV[3] - 1 end
return { now_ms(), room, redis.call('LLEN', KEYS[2]), redis.call('LRANGE', KEYS[2], page(ARGV[1])),
  redis.call('LLEN', KEYS[3]), redis.call('LRANGE', KEYS[3], page(ARGV[2])) }
