-- The log of an item names every user who ever held units, so that an instance reads only the buyers that it does not know yet. The
-- item's field `logged` counts the units whose buyers are in the log. It differs from all units ever held when units were taken
-- without the log: by an older version, a rebuild, a repair. Then the log begins again; the field `log` has the time.
-- Returns all units ever held, and whether the log knows the buyers of all of them.
local function check_log(held, released, logged)
  local ever_held = tonumber(held or 0) + tonumber(released or 0)
  return ever_held, ever_held == tonumber(logged or 0)
end
