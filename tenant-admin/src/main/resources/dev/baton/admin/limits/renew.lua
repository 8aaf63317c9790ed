-- ARGV: lease in ms, then of each request under way: id, key, tokens. KEYS from 5 on: of each the
-- set that names it once it is settled. A lease that Redis has lost is made anew.
memory_only()
local lease_ms = tonumber(ARGV[1])
for i = 2, #ARGV, 3 do
  local id, key, tokens = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  if redis.call('HEXISTS', reserved, id) == 1 then
    redis.call('ZADD', leases, text(now_ms + lease_ms), id)
    redis.call('EXPIRE', rates .. ':' .. key, IDLE_SECONDS)
  elseif redis.call('SISMEMBER', KEYS[5 + (i - 2) / 3], id) == 0 then
    local opened = {}
    for _, name in ipairs(windows(key)) do opened[#opened + 1] = open(name) end
    lease(id, key, opened, tokens, 0, lease_ms)
    for _, window in ipairs(opened) do close(window) end
  end
end
redis.call('EXPIRE', rates, IDLE_SECONDS)
sweep(lease_ms)
return {'OK'}
