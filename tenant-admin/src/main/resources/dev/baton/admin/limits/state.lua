-- ARGV: 'tenant' or a key, lease in ms. Answers ms and its usage.
memory_only()
sweep(tonumber(ARGV[2]))
local state = {text(now_ms)}
local window = open(ARGV[1] == 'tenant' and rates or rates .. ':' .. ARGV[1])
close(window)
local settled = spent(ARGV[1], periods(now_ms))[2]
for _, value in ipairs(usage(window, settled)) do state[#state + 1] = text(value) end
return state
