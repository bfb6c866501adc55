-- Stops an item until its rebuild. One that was closed by hand is closed again afterwards.
local function fence(item, state)
  if state == 'closed' then redis.call('HSET', item, 'after', 'closed') end
  redis.call('HSET', item, 'state', 'lost')
end
