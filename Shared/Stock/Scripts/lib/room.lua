-- Fixes who takes part in the draw, once: everyone who registered before this moment. Returns their number, or nil while it is too early.
local function seal(room, registrations, draws_at, sealed, now)
  if sealed then return sealed end
  if now < draws_at then return nil end
  local count = redis.call('LLEN', registrations)
  redis.call('HSET', room, 'sealed', count, 'sealed_at', now)
  return count
end
