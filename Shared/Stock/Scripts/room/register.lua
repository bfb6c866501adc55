-- Registers buyers in the waiting room of a sale, many in one call, each once.
--
-- KEYS  1 room   2 places   3 registrations   4 groups
-- ARGV  1 number of requests
--       then for each: user id, place that the user gives up for a new one (-1 for none, -2 only to look), group ('' for none)
-- Returns nothing when there is no room, else { now ms, commitment, a number for each request }: the place, from 0 in the order of
--       registration, or -1 not registered (a look), -2 the room is not open yet, -3 it takes no buyer any more, -4 the group is full
-- Uses: integer, room, time
--
-- Everything is read before the first write. A place that was given up already is not given up again, so a repeated call finds the new
-- one. Who registers at the moment of the draw or later stands behind all who are drawn: the same call fixes their number first.

local room = redis.call('HMGET', KEYS[1], 'commitment', 'opens', 'draws', 'sealed', 'mode', 'closed', 'group_limit')
if not room[1] then return {} end
local opens_at, draws_at, sealed = integer(room[2]), integer(room[3]), room[4] and integer(room[4]) or nil
local group_limit, now, requests = integer(room[7]), now_ms(), tonumber(ARGV[1])
local takes = room[5] ~= 'draining' and room[6] ~= '1'

local users, names = {}, {}
for i = 1, requests do
  users[i], names[i] = ARGV[i * 3 - 1], ARGV[i * 3 + 1]
end
local places, members = {}, {}
for i, place in ipairs(redis.call('HMGET', KEYS[2], unpack(users))) do places[users[i]] = place and integer(place) or nil end
for i, count in ipairs(redis.call('HMGET', KEYS[4], unpack(names))) do members[names[i]] = integer(count) end
local next_place = redis.call('LLEN', KEYS[3])

local reply, added, changed, grown = { now, room[1] }, {}, {}, {}
local function register(user, gives_up, group)
  local place = places[user]
  if place and place ~= gives_up then return place end
  if gives_up == -2 then return -1 end
  if now < opens_at then return -2 end
  if not takes then return -3 end
  if not place and group ~= '' and group_limit > 0 then
    if members[group] >= group_limit then return -4 end
    members[group] = members[group] + 1
    grown[group] = true
  end
  places[user], next_place = next_place, next_place + 1
  added[#added + 1] = user
  changed[#changed + 1] = user
  changed[#changed + 1] = places[user]
  return places[user]
end

for i = 1, requests do reply[i + 2] = register(users[i], tonumber(ARGV[i * 3]), names[i]) end
seal(KEYS[1], KEYS[3], draws_at, sealed, now)
if #added > 0 then
  redis.call('RPUSH', KEYS[3], unpack(added))
  redis.call('HSET', KEYS[2], unpack(changed))
  for group in pairs(grown) do redis.call('HSET', KEYS[4], group, members[group]) end
end
return reply
