-- The allowances of one source, kept over all processes that call it.
-- KEYS[1] root of the source's keys, KEYS[2] the run of Redis that was seen last.
-- ARGV[1] take | replay | refund | late | park | observe | spend | left, ARGV[2] its arguments as JSON. Answers in JSON.
-- Times are ms of this server. A limit is {e = endpoint, a = amount, w = window} or {e, a, d = {midnights}, m = margin}.

local root, what, ask = KEYS[1], ARGV[1], cjson.decode(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local SETTLE = 3000
local REMEMBER = 600000
local SAME_WINDOW = 2000

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local seen = redis.call('HMGET', KEYS[2], 'id', 'since')
if seen[1] ~= run then
  -- The first run of all has nothing that could have been lost.
  seen = {run, seen[1] and now or 0}
  redis.call('HSET', KEYS[2], 'id', run, 'since', seen[2])
end

local function day_of(limit, at)
  local start, stop
  for _, midnight in ipairs(limit.d) do
    if midnight <= at then start = midnight else stop = stop or midnight end
  end
  return start or 0, stop or at + 86400000
end

local function key_of(credential, limit, at)
  if limit.d then
    return root .. ':day:' .. credential .. ':' .. limit.e .. ':' .. string.format('%.0f', (day_of(limit, at)))
  end
  return root .. ':log:' .. credential .. ':' .. limit.e .. ':' .. string.format('%.0f', limit.w)
end

local function units_in(entries)
  local units = 0
  for _, entry in ipairs(entries) do units = units + tonumber(string.match(entry, ':(%d+)$')) end
  return units
end

local function spent(credential, limit)
  local key = key_of(credential, limit, now)
  if limit.d then return tonumber(redis.call('GET', key) or '0') end
  local old = redis.call('ZRANGEBYSCORE', key, '-inf', now - limit.w)
  if #old > 0 then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - limit.w)
    redis.call('DECRBY', key .. ':sum', units_in(old))
  end
  return tonumber(redis.call('GET', key .. ':sum') or '0')
end

-- When enough of what was spent has left the window; nil where the limit never allows so much.
local function free_at(credential, limit, missing)
  if limit.d then
    local _, stop = day_of(limit, now)
    return stop + limit.m
  end
  local entries = redis.call('ZRANGE', key_of(credential, limit, now), 0, missing - 1, 'WITHSCORES')
  local freed = 0
  for i = 1, #entries, 2 do
    freed = freed + units_in({entries[i]})
    if freed >= missing then return tonumber(entries[i + 1]) + limit.w end
  end
  return nil
end

-- Share of the limit that would be left, or nil and when to ask again.
local function room(credential, limit)
  if limit.d then
    -- Near midnight nobody knows which day the source will count a call for.
    local start, stop = day_of(limit, now)
    if now < start + limit.m then return nil, start + limit.m end
    if now >= stop - limit.m then return nil, stop + limit.m end
  end
  local left = limit.a - spent(credential, limit) - ask.units
  if left >= 0 then return left / limit.a end
  if ask.units > limit.a then return nil, nil end
  return nil, free_at(credential, limit, -left)
end

local function both(credential)
  return {credential .. '|' .. ask.endpoint, credential .. '|*'}
end

local function observed(field)
  local stored = redis.call('HGET', root .. ':cap', field)
  if not stored then return nil end
  local left, stop = string.match(stored, '(-?%d+) (%d+)')
  if tonumber(stop) <= now then
    redis.call('HDEL', root .. ':cap', field)
    return nil
  end
  return tonumber(left), tonumber(stop)
end

local function parked(field)
  local stop = tonumber(redis.call('HGET', root .. ':park', field) or '0')
  if stop > now then return stop end
  return nil
end

-- The smallest share left under any limit; or nil, when to ask again, and why.
local function judge(credential)
  local stop, why, share = 0, nil, 1
  for _, field in ipairs(both(credential)) do
    local until_parked = parked(field)
    if until_parked and until_parked > stop then stop, why = until_parked, 'parked' end
    local left, resets = observed(field)
    if left and left < ask.units and resets > stop then stop, why = resets, 'quota' end
  end
  for _, limit in ipairs(ask.limits) do
    local after, free = room(credential, limit)
    if not after and not free then return nil, nil, 'never' end
    if after then
      share = math.min(share, after)
    elseif free > stop then
      stop, why = free, 'limit'
    end
  end
  if why then return nil, stop, why end
  return share
end

local function remember(id, at)
  redis.call('ZREMRANGEBYSCORE', root .. ':recent', '-inf', now - REMEMBER)
  redis.call('PEXPIRE', root .. ':recent', REMEMBER)
  return redis.call('ZADD', root .. ':recent', 'NX', at, id) == 1
end

local function calls_key(midnights, at)
  return root .. ':calls:' .. string.format('%.0f', (day_of({d = midnights}, at)))
end

local function book(grant)
  if not remember(grant.id, grant.at) then return end
  for _, limit in ipairs(grant.limits) do
    local key = key_of(grant.credential, limit, grant.at)
    if limit.d then
      redis.call('INCRBY', key, grant.units)
      redis.call('PEXPIRE', key, 172800000)
    elseif grant.at > now - limit.w then
      redis.call('ZADD', key, grant.at, grant.id .. ':' .. grant.units)
      redis.call('INCRBY', key .. ':sum', grant.units)
      redis.call('PEXPIRE', key, limit.w)
      redis.call('PEXPIRE', key .. ':sum', limit.w)
    end
  end
  for _, field in ipairs({grant.credential .. '|' .. grant.endpoint, grant.credential .. '|*'}) do
    local left, stop = observed(field)
    if left then
      redis.call('HSET', root .. ':cap', field, string.format('%.0f %.0f', left - grant.units, stop))
    end
  end
  redis.call('INCR', calls_key(grant.days, grant.at))
  redis.call('PEXPIRE', calls_key(grant.days, grant.at), 172800000)
end

local function wait(stop, why)
  return {wait = stop, why = why, run = run, now = now}
end

local commands = {}

function commands.take()
  if now < tonumber(seen[2]) + SETTLE then return wait(tonumber(seen[2]) + SETTLE, 'settling') end
  if ask.calls >= 0 and tonumber(redis.call('GET', calls_key(ask.days, now)) or '0') >= ask.calls then
    local _, stop = day_of({d = ask.days}, now)
    return wait(stop, 'daily_calls')
  end
  local best, share, soonest, reason
  for _, credential in ipairs(ask.credentials) do
    local left, stop, why = judge(credential)
    if left then
      if not share or left > share then best, share = credential, left end
    elseif not reason or (stop and (not soonest or stop < soonest)) then
      soonest, reason = stop, why
    end
  end
  if not best then return wait(soonest, reason) end
  -- A request that the client sent twice, because the first answer was lost, is booked twice: that errs to the safe side.
  local id = ask.id
  if redis.call('ZSCORE', root .. ':recent', id) then id = id .. '+' .. clock[1] .. clock[2] end
  local grant = {id = id, credential = best, at = now, units = ask.units, endpoint = ask.endpoint,
                 limits = ask.limits, days = ask.days}
  book(grant)
  return {id = id, credential = best, at = now, run = run, now = now}
end

function commands.replay()
  for _, grant in ipairs(ask.grants) do
    if grant.at > now - REMEMBER then book(grant) end
  end
  return {run = run, now = now}
end

function commands.refund()
  if redis.call('ZREM', root .. ':recent', ask.id) == 0 then return {refunded = false} end
  for _, limit in ipairs(ask.limits) do
    local key = key_of(ask.credential, limit, ask.at)
    if limit.d then
      redis.call('DECRBY', key, ask.units)
    elseif redis.call('ZREM', key, ask.id .. ':' .. ask.units) == 1 then
      redis.call('DECRBY', key .. ':sum', ask.units)
    end
  end
  redis.call('DECR', calls_key(ask.days, ask.at))
  return {refunded = true}
end

-- A call that was long under way may have arrived at any time until now: it counts from now on.
function commands.late()
  for _, limit in ipairs(ask.limits) do
    if not limit.d then
      local key, entry = key_of(ask.credential, limit, now), ask.id .. ':' .. ask.units
      if redis.call('ZADD', key, now, entry) == 1 then redis.call('INCRBY', key .. ':sum', ask.units) end
      redis.call('PEXPIRE', key, limit.w)
      redis.call('PEXPIRE', key .. ':sum', limit.w)
    end
  end
  return {at = now}
end

function commands.park()
  local field = ask.credential .. '|' .. ask.endpoint
  local stop = math.max(now + ask.ms, parked(field) or 0)
  redis.call('HSET', root .. ':park', field, string.format('%.0f', stop))
  return {wait = stop}
end

function commands.observe()
  for _, quota in ipairs(ask.quotas) do
    local field = ask.credential .. '|' .. quota.endpoint
    local left, stop = observed(field)
    local resets = now + quota.ms
    if quota.ms > 0 and (not left or resets > stop + SAME_WINDOW) then
      redis.call('HSET', root .. ':cap', field, string.format('%.0f %.0f', quota.remaining, resets))
    elseif left and resets >= stop - SAME_WINDOW and quota.remaining < left then
      redis.call('HSET', root .. ':cap', field, string.format('%.0f %.0f', quota.remaining, stop))
    end
  end
  return {now = now}
end

function commands.spend()
  local start, stop = day_of({d = ask.days}, now)
  local key = root .. ':usd:' .. string.format('%.0f', start)
  local used = tonumber(redis.call('GET', key) or '0')
  if ask.most >= 0 and ask.micro > 0 and used + ask.micro > ask.most then return {wait = stop, used = used} end
  redis.call('INCRBY', key, string.format('%.0f', ask.micro))
  redis.call('PEXPIRE', key, 172800000)
  return {used = used + ask.micro}
end

function commands.left()
  local found = {}
  for _, credential in ipairs(ask.credentials) do
    for _, limit in ipairs(ask.limits) do
      local field = credential .. '|' .. limit.e
      local left = math.max(0, limit.a - spent(credential, limit))
      local told = observed(field)
      if told then left = math.max(0, math.min(left, told)) end
      table.insert(found, {credential = credential, endpoint = limit.e, amount = limit.a, left = left,
                           parked = parked(field) or parked(credential .. '|*') or 0})
    end
  end
  local usd = redis.call('GET', root .. ':usd:' .. string.format('%.0f', (day_of({d = ask.days}, now))))
  local calls = redis.call('GET', calls_key(ask.days, now))
  return {limits = found, usd = tonumber(usd or '0'), calls = tonumber(calls or '0'), run = run, now = now}
end

return cjson.encode(commands[what]())
