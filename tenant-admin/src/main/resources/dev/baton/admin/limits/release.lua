-- ARGV: request. It used nothing; that it was made stays counted.
memory_only()
release(ARGV[1], 0)
return {'OK'}
