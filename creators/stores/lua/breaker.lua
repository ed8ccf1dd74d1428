-- The breaker of one source, shared by all processes.
-- KEYS[1] root of its keys. ARGV[1] permit | record | force | reset | state, ARGV[2] arguments as JSON. Answers in JSON.

local root, what, ask = KEYS[1], ARGV[1], cjson.decode(ARGV[2])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local window, probe = root .. ':window', root .. ':probe'

local function get(field)
  return redis.call('HGET', root, field) or nil
end

local function state()
  local forced = get('forced')
  if forced then return forced end
  local stored = get('state') or 'closed'
  if stored == 'open' and now >= tonumber(get('retry_at')) then return 'half_open' end
  return stored
end

local function open(reason)
  redis.call('HSET', root, 'state', 'open', 'since', now, 'retry_at', now + ask.open_ms, 'good', 0, 'reason', reason)
end

local function close()
  redis.call('DEL', window, probe)
  redis.call('HSET', root, 'state', 'closed', 'since', now)
  redis.call('HDEL', root, 'retry_at', 'good', 'reason')
end

-- Entries of the window are "number:ok:ms".
local function weigh()
  redis.call('ZREMRANGEBYSCORE', window, '-inf', now - ask.window_ms)
  redis.call('ZREMRANGEBYRANK', window, 0, -ask.calls - 1)
  local entries = redis.call('ZRANGE', window, 0, -1)
  local bad, slow = 0, 0
  for _, entry in ipairs(entries) do
    local ok, ms = string.match(entry, ':(%d):(%d+)$')
    if ok == '0' then
      bad = bad + 1
    elseif tonumber(ms) >= ask.slow_ms then
      slow = slow + 1
    end
  end
  return #entries, bad, slow
end

local function keep(field, value)
  local before = tonumber(get(field) or value)
  redis.call('HSET', root, field, before + ask.weight * (value - before))
end

local function describe(kind)
  local total, bad, slow = weigh()
  local number = function(field) return tonumber(get(field) or '-1') end
  return {state = kind, forced = get('forced') or '', reason = get('reason') or '', now = now,
          since = number('since'), retry_at = number('retry_at'), total = total, bad = bad, slow = slow,
          success = number('success'), latency_ms = number('latency_ms'), cost_usd = number('cost_usd')}
end

local commands = {}

function commands.permit()
  local kind = state()
  local answer = {state = kind, allowed = kind == 'closed', probe = '', retry_at = tonumber(get('retry_at') or '-1')}
  -- The lease goes by time alone: it also spaces the probes of a source that answers at once.
  if kind == 'half_open' then
    if redis.call('SET', probe, ask.token, 'NX', 'PX', ask.probe_ms) then
      answer.allowed, answer.probe = true, ask.token
    else
      answer.retry_at = now + redis.call('PTTL', probe)
    end
  end
  return answer
end

function commands.record()
  keep('success', ask.ok)
  if ask.ok == 1 then
    keep('latency_ms', ask.ms)
    keep('cost_usd', ask.cost_usd)
  end
  local kind = state()
  if kind == 'closed' then
    local number = redis.call('HINCRBY', root, 'number', 1)
    redis.call('ZADD', window, now, string.format('%.0f:%d:%.0f', number, ask.ok, ask.ms))
    redis.call('PEXPIRE', window, ask.window_ms)
    local total, bad, slow = weigh()
    if not get('forced') and total >= ask.least then
      if bad / total >= ask.share then
        open(bad .. ' of the last ' .. total .. ' fetches failed')
      elseif (bad + slow) / total >= ask.share and ask.ms >= ask.slow_ms then
        open((bad + slow) .. ' of the last ' .. total .. ' fetches failed or were too slow')
      end
    end
  elseif kind == 'half_open' and ask.probe ~= '' and not get('forced') then
    -- A result of before the breaker opened says nothing about now: only the probe's counts.
    if ask.ok == 0 then
      open('the probe failed')
    elseif redis.call('HINCRBY', root, 'good', 1) >= ask.good then
      close()
    end
  end
  return {state = state()}
end

function commands.force()
  if ask.to == '' then redis.call('HDEL', root, 'forced') else redis.call('HSET', root, 'forced', ask.to) end
  return describe(state())
end

function commands.reset()
  redis.call('HDEL', root, 'forced')
  close()
  return describe(state())
end

function commands.state()
  return describe(state())
end

return cjson.encode(commands[what]())
