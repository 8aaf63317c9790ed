-- ARGV: request, key, tokens, lease in ms, then the limits of tenant and of key: requests and
-- tokens a minute, streams, tokens a day and a month, '' for none.
-- Answers: verdict, ms, usage of the tenant, usage of the key; when refused also whose limit, which
-- (1 to 5, as in usage), and ms until it may fit, 0 for unknown, -1 for never, which for a budget
-- is not before its period ends.
memory_only()
local id, key, tokens, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local REQUESTS, TOKENS, STREAMS, DAY, MONTH = 1, 2, 3, 4, 5

local tenant = open(rates)
if tenant.moved then -- once a second is often enough for leases of seconds
  sweep(lease_ms)
  tenant = open(rates)
end
local settled = spent(key, periods(now_ms))
local scopes = {
  {whose = 'tenant', window = tenant, limits = 4},
  {whose = key, window = open(rates .. ':' .. key), limits = 9},
}
for i, scope in ipairs(scopes) do scope.used = usage(scope.window, settled[i]) end

local function answer(verdict, ...)
  for _, scope in ipairs(scopes) do close(scope.window) end
  return {verdict, text(now_ms), numbers(scopes[1].used), numbers(scopes[2].used), ...}
end

-- Milliseconds until this much has left a window.
local function wait(window, kind, excess)
  close(window) -- its seconds that have passed must not be counted
  local names = {}
  for second = now_s - SECONDS + 1, now_s do names[#names + 1] = slot(second) end
  for i, stored in ipairs(redis.call('HMGET', window.name, unpack(names))) do
    local requests, tokens = unpaired(stored)
    excess = excess - (kind == REQUESTS and requests or tokens)
    if excess <= 0 then return text((now_s + i) * 1000 - now_ms) end
  end
  return '0'
end

-- What lasts longest is told first.
for _, kind in ipairs({MONTH, DAY, STREAMS, REQUESTS, TOKENS}) do
  local wanted = (kind == REQUESTS or kind == STREAMS) and 1 or tokens
  for _, scope in ipairs(scopes) do
    local limit = tonumber(ARGV[scope.limits + kind])
    local excess = limit and scope.used[kind] + wanted - limit or 0
    if excess > 0 then
      if redis.call('HEXISTS', reserved, id) == 1 then return answer('OK') end
      local ms = '0'
      if wanted > limit then ms = '-1'
      elseif kind == DAY or kind == MONTH then
        -- What runs may use less than is reserved for it; what was settled stays until the period ends.
        if excess > scope.window.P then ms = '-1' end
      elseif kind == REQUESTS or kind == TOKENS then ms = wait(scope.window, kind, excess) end
      return answer('REFUSED', scope.whose, text(kind), ms)
    end
  end
end

local opened = {scopes[1].window, scopes[2].window}
if lease(id, key, opened, tokens, now_s, lease_ms) then
  for _, scope in ipairs(scopes) do
    add(scope.window, now_s, 1, tokens)
    scope.used[REQUESTS] = scope.used[REQUESTS] + 1
    scope.used[STREAMS] = scope.used[STREAMS] + 1
    for _, kind in ipairs({TOKENS, DAY, MONTH}) do
      scope.used[kind] = scope.used[kind] + tokens
    end
  end
end
return answer('OK')
