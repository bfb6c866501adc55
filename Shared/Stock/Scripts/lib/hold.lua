-- A hold is '<user id>:<units>:<reserved at, unix ms>', and ':<idempotency key>' if the buyer gave one. The user id stays a string:
-- a 64-bit integer does not fit a Lua number.
local function format_hold(user, units, reserved_at, key)
  return user .. ':' .. units .. ':' .. reserved_at .. (key and key ~= '' and ':' .. key or '')
end

-- Returns user id, units, reserved at; nothing when there is no hold, or it is malformed.
local function parse_hold(hold)
  local user, units, reserved_at = string.match(hold or '', '^(%d+):(%d+):(%d+)')
  if user then return user, tonumber(units), tonumber(reserved_at) end
end
