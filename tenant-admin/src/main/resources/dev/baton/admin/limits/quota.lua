-- What a tenant and its keys use now. Every script over these keys begins with this text.
-- Redis' clock is the only one that counts.
--
-- rates, rates:KEY  hash  a window of 61 whole seconds, which any 60 s lie within, as packed numbers:
--                         'all' its last second, requests and tokens in it, requests under way,
--                         tokens reserved for those; 0..60 requests and tokens of each second,
--                         modulo 61
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

local function text(value) return string.format('%d', value) end -- 64 bits; zero without a sign

-- Numbers are packed: reading text takes eight times as long, and a request waits for it.
local ALL, PAIR = '<ddddd', '<dd'
local function slot(second) return text(second % SECONDS) end
local this_slot = slot(now_s)
local function pair(requests, tokens) return struct.pack(PAIR, requests, tokens) end
local function unpaired(stored)
  if not stored then return 0, 0 end
  return struct.unpack(PAIR, stored)
end

-- Reads a window, brought to this second: what is older leaves. After the clock was set back, all
-- that is counted stands as if it were of now, which refuses too much for a minute and never too
-- little. What is changed is in Redis after `close`; a window costs two commands, or four when it
-- was idle for a second or more.
local function open(name)
  local stored = redis.call('HMGET', name, 'all', this_slot)
  local at, R, T, C, P = nil, 0, 0, 0, 0
  if stored[1] then at, R, T, C, P = struct.unpack(ALL, stored[1]) end
  local r, t = unpaired(stored[2])
  local window = {name = name, exists = at ~= nil, moved = at ~= now_s,
    aged = not at or math.floor(at / 60) ~= math.floor(now_s / 60),
    R = R, T = T, C = C, P = P, r = r, t = t, leaving = nil}
  if at and window.moved then
    local first = now_s - SECONDS + 1
    if at < now_s then first = math.max(first, at + 1) end
    local names = {}
    for second = first, now_s - 1 do names[#names + 1] = slot(second) end
    if at < now_s then
      window.R, window.T = window.R - r, window.T - t -- 61 s ago this second's slot was another's
      if #names > 0 then
        for _, left in ipairs(redis.call('HMGET', name, unpack(names))) do
          r, t = unpaired(left)
          window.R, window.T = window.R - r, window.T - t
        end
      end
      window.r, window.t = 0, 0
    else
      window.r, window.t = window.R, window.T
    end
    window.leaving = #names > 0 and names or nil
  end
  return window
end

local function close(window)
  if window.leaving then redis.call('HDEL', window.name, unpack(window.leaving)) end
  redis.call('HSET', window.name,
    'all', struct.pack(ALL, now_s, window.R, window.T, window.C, window.P),
    this_slot, pair(window.r, window.t))
  if window.aged then redis.call('EXPIRE', window.name, IDLE_SECONDS) end
  window.leaving, window.moved, window.aged = nil, false, false
end

local function add(window, second, requests, tokens)
  window.R, window.T = window.R + requests, window.T + tokens
  if second == now_s then
    window.r, window.t = window.r + requests, window.t + tokens
  elseif tokens ~= 0 then -- a request is counted in its own second only
    local r, t = unpaired(redis.call('HGET', window.name, slot(second)))
    redis.call('HSET', window.name, slot(second), pair(r, t + tokens))
  end
end

local function windows(key) return {rates, rates .. ':' .. key} end -- in one slot by their hash tag

-- Counts a request as under way, in windows that are open; false when it is already.
local function lease(id, key, opened, tokens, second, lease_ms)
  local counted = key .. ' ' .. text(tokens) .. ' ' .. text(second)
  if redis.call('HSETNX', reserved, id, counted) == 0 then return false end
  redis.call('ZADD', leases, text(now_ms + lease_ms), id)
  for _, window in ipairs(opened) do
    window.C, window.P = window.C + 1, window.P + tokens
  end
  return true
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
  for _, name in ipairs(windows(key)) do
    local window = open(name)
    if window.exists then
      window.C, window.P = window.C - 1, window.P - amount
      if used and second > now_s - SECONDS and second <= now_s then
        add(window, second, 0, used - amount)
      end
      close(window)
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

-- Of the tenant and of a key: tokens settled in this day and month, or in those of a time before, and
-- the periods that are stored. One that has not begun yet was written before the clock was set back,
-- and counts.
local KINDS = {'d', 'm'}
local function spent(key, asked)
  local stored = redis.call('HMGET', budget, 'tenant d', 'tenant m', key .. ' d', key .. ' m')
  local all, i = {}, 0
  for _, whose in ipairs({'tenant', key}) do
    local used = {whose = whose, stored = {}}
    for _, kind in ipairs(KINDS) do
      i = i + 1
      local period, tokens = string.match(stored[i] or '', '^(%d+) (%d+)$')
      period = tonumber(period)
      used.stored[kind] = period
      used[kind] = period and period >= asked[kind] and tonumber(tokens) or 0
    end
    all[#all + 1] = used
  end
  return all
end

local function charge(key, at_ms, tokens)
  local present, past = periods(now_ms), periods(math.min(at_ms, now_ms))
  local changed = {}
  for _, used in ipairs(spent(key, past)) do
    for _, kind in ipairs(KINDS) do
      local period = past[kind]
      -- Of a past period only while nobody has asked since it ended: then it may still be looked at.
      if period == present[kind] or period == used.stored[kind] then
        changed[#changed + 1] = used.whose .. ' ' .. kind
        changed[#changed + 1] = text(period) .. ' ' .. text(used[kind] + tokens)
      end
    end
  end
  if #changed > 0 then redis.call('HSET', budget, unpack(changed)) end
end

-- Requests, tokens, streams, tokens of the day and of the month, reserved ones included.
local function usage(window, settled)
  return {window.R, window.T, window.C, settled.d + window.P, settled.m + window.P}
end
local function numbers(used) return string.format('%d %d %d %d %d', unpack(used)) end
