-- What a tenant and its keys use now. Every script over these keys begins with this text.
-- Redis' clock is the only one that counts.
--
-- rates, rates:KEY  hash  a window of 61 whole seconds, which any 60 s lie within:
--                         'at' its last second; r0..r60 and t0..t60 requests and tokens by second
--                         modulo 61, R and T their sums; C requests under way, P tokens reserved
--                         for those
-- leases            zset  request -> milliseconds; past them its node counts as dead
-- reserved          hash  request -> 'KEY TOKENS SECOND', SECOND 0 when no window counts it
-- budget            hash  'WHOSE d' and 'WHOSE m' -> 'PERIOD TOKENS', WHOSE a key or 'tenant'
--
-- All but the budget are written to memory only, so that a request waits for no disk: a crash of
-- Redis forgets what it would have forgotten within a minute anyway.
local rates, leases, reserved, budget = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local SECONDS, SWEPT_AT_ONCE, IDLE_SECONDS, LONGEST_LEASE_MS = 61, 100, 3600, 600000

if rawget(redis, 'replicate_commands') then redis.replicate_commands() end -- Redis 6 asks for it
local function memory_only() redis.set_repl(redis.REPL_NONE) end
local function lasting() redis.set_repl(redis.REPL_ALL) end

local clock = redis.call('TIME')
local now_s = tonumber(clock[1])
local now_ms = now_s * 1000 + math.floor(tonumber(clock[2]) / 1000)

local function number(stored) return tonumber(stored or 0) or 0 end
-- Zero has two signs in Lua, of which Redis reads one.
local function text(value) return value == 0 and '0' or string.format('%.0f', value) end

-- Brings a window to this second: what is older leaves. After the clock was set back, all that is
-- counted stands as if it were of now, which refuses too much for a minute and never too little.
local function advance(window)
  local at = tonumber(redis.call('HGET', window, 'at') or now_s)
  if at ~= now_s then
    local sums = redis.call('HMGET', window, 'R', 'T')
    local requests, tokens = number(sums[1]), number(sums[2])
    local first = now_s - SECONDS + 1
    if at < now_s then first = math.max(first, at + 1) end
    local names = {}
    for second = first, now_s do
      names[#names + 1] = 'r' .. second % SECONDS
      names[#names + 1] = 't' .. second % SECONDS
    end
    if at < now_s then
      local leaving = redis.call('HMGET', window, unpack(names))
      for i = 1, #names, 2 do
        requests = requests - number(leaving[i])
        tokens = tokens - number(leaving[i + 1])
      end
    end
    redis.call('HDEL', window, unpack(names))
    redis.call('HSET', window, 'R', text(requests), 'T', text(tokens))
    if at > now_s then
      redis.call('HSET', window, 'r' .. now_s % SECONDS, text(requests),
        't' .. now_s % SECONDS, text(tokens))
    end
  end
  redis.call('HSET', window, 'at', text(now_s))
  redis.call('EXPIRE', window, IDLE_SECONDS)
end

local function add(window, second, requests, tokens)
  local slot = second % SECONDS
  if requests ~= 0 then
    redis.call('HINCRBY', window, 'r' .. slot, text(requests))
    redis.call('HINCRBY', window, 'R', text(requests))
  end
  if tokens ~= 0 then
    redis.call('HINCRBY', window, 't' .. slot, text(tokens))
    redis.call('HINCRBY', window, 'T', text(tokens))
  end
end

local function windows(key) return {rates, rates .. ':' .. key} end -- in one slot by their hash tag

-- Counts a request as under way.
local function lease(id, key, tokens, second, lease_ms)
  redis.call('ZADD', leases, text(now_ms + lease_ms), id)
  redis.call('HSET', reserved, id, key .. ' ' .. text(tokens) .. ' ' .. text(second))
  for _, window in ipairs(windows(key)) do
    redis.call('HINCRBY', window, 'C', 1)
    redis.call('HINCRBY', window, 'P', text(tokens))
  end
end

-- Counts a request as over. With the tokens it used the window is corrected; without (its node
-- died) it keeps what was reserved.
local function release(id, used)
  local stored = redis.call('HGET', reserved, id)
  redis.call('ZREM', leases, id)
  if not stored then return end
  redis.call('HDEL', reserved, id)
  local key, amount, second = string.match(stored, '^(%S+) (%d+) (%d+)$')
  amount, second = tonumber(amount), tonumber(second)
  for _, window in ipairs(windows(key)) do
    if redis.call('EXISTS', window) == 1 then
      advance(window)
      redis.call('HINCRBY', window, 'C', -1)
      redis.call('HINCRBY', window, 'P', text(-amount))
      if used and second > now_s - SECONDS and second <= now_s then
        add(window, second, 0, used - amount)
      end
    end
  end
end

-- Ends the leases of nodes that are gone. One that lies further ahead than any can was made before
-- the clock was set back; it gets a lease from now.
local function sweep(lease_ms)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', text(now_ms),
      'LIMIT', 0, SWEPT_AT_ONCE)) do
    release(id)
  end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '(' .. text(now_ms + LONGEST_LEASE_MS),
      '+inf',
      'LIMIT', 0, SWEPT_AT_ONCE)) do
    redis.call('ZADD', leases, text(now_ms + lease_ms), id)
  end
end

-- Days since 1970 and YYYYMM of a time, in UTC; Howard Hinnant's civil_from_days.
local function periods(ms)
  local day = math.floor(ms / 86400000)
  local z = day + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524)
    - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return {d = day, m = (yoe + era * 400 + (month <= 2 and 1 or 0)) * 100 + month}
end

-- Tokens settled in a period, and the period that is stored. One that has not begun yet was written
-- before the clock was set back, and counts.
local function spent(whose, kind, period)
  local stored, tokens = string.match(
    redis.call('HGET', budget, whose .. ' ' .. kind) or '', '^(%d+) (%d+)$')
  if not stored then return 0, nil end
  return tonumber(stored) >= period and tonumber(tokens) or 0, tonumber(stored)
end

local function charge(whose, at_ms, tokens)
  local present, past = periods(now_ms), periods(math.min(at_ms, now_ms))
  for kind, period in pairs(past) do
    local used, stored = spent(whose, kind, period)
    -- Of a past period only while nobody has asked since it ended: then it may still be looked at.
    if period == present[kind] or period == stored then
      redis.call('HSET', budget, whose .. ' ' .. kind, text(period) .. ' ' .. text(used + tokens))
    end
  end
end

-- Requests, tokens, streams, tokens of the day and of the month, reserved ones included.
local function usage(window, whose)
  advance(window)
  local counted = redis.call('HMGET', window, 'R', 'T', 'C', 'P')
  local today, pending = periods(now_ms), number(counted[4])
  return {number(counted[1]), number(counted[2]), number(counted[3]),
    (spent(whose, 'd', today.d)) + pending, (spent(whose, 'm', today.m)) + pending}
end
