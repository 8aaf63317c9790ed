-- ARGV: 'tenant' or a key, lease in ms. Answers ms and its usage.
memory_only()
sweep(tonumber(ARGV[2]))
local window = open(ARGV[1] == 'tenant' and rates or rates .. ':' .. ARGV[1])
close(window)
local settled = spent(ARGV[1], periods(now_ms))[2]
return {text(now_ms), numbers(usage(window, settled))}
