-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- What the Wireshark inverse modules of customizations share. It recognises customized
-- traffic, shows what the customization says, and hands the plain bytes to the dissector
-- that would have got them.
--
-- A customization's module is a function of this library that returns a table:
--
--   name      of the customization
--   fields    list of { name, type ("string", "uint"), title }: filter l45.<customization>.<name>
--   datagram  function(flow, bytes): nil if it isn't customized, else a list of steps
--   stream    function(flow, state, bytes): a step, or nil to be asked again with more bytes
--
-- As in C a step leaves out `skip` bytes, puts in the string `insert` and passes on `copy`
-- bytes, `transform`ed if that function is given. `says` are the fields that the skipped
-- bytes hold. A stream's step may instead be { pass = n }: n bytes are nobody's (nil: all,
-- until somebody's mark). `flow` has mark, params and role; `state` is the direction's own.

local l45 = { MARK_LEN = 16, APPLICATION_LEN = 16 }

local proto = Proto("l45", "Layer 4.5")
local common = {
  customization = ProtoField.string("l45.customization", "Customization"),
  deployment = ProtoField.string("l45.deployment", "Deployment"),
  app_id = ProtoField.string("l45.app_id", "Application id"),
}
local tcp_seq = Field.new("tcp.seq")
local tcp_stream = Field.new("tcp.stream")

local modules = {} -- by name of the customization
local deployments = {}
local directions = {} -- of streams, by their key
local shown = {} -- what each packet had of streams, by its number
local is_watching = false -- packets pass by once, and are not to be kept

-- ---- reading ----

function l45.u16(bytes, at)
  return bytes:byte(at) * 0x100 + bytes:byte(at + 1)
end

function l45.u32(bytes, at)
  return l45.u16(bytes, at) * 0x10000 + l45.u16(bytes, at + 2)
end

function l45.put16(value)
  return string.char(math.floor(value / 0x100) % 0x100, value % 0x100)
end

-- A field of fixed size, up to its first NUL.
function l45.text(bytes, at, size)
  return (bytes:sub(at, at + size - 1):gsub("%z.*$", ""))
end

-- Is `what` at this place? false as soon as a byte says no, nil as long as one is missing.
function l45.is_at(bytes, at, what)
  local there = bytes:sub(at, at + #what - 1)
  if there ~= what:sub(1, #there) then return false end
  if #there == #what then return true end
  return nil
end

-- ---- frames, as in sdk/l45/frame.h ----

local FRAME_LEN = 32
local FRAME_DATA, FRAME_END = 0x01000000, 0x02000000

l45.frame_fields = {
  { "kind", "string", "Kind" },
  { "length", "uint", "Length" },
  { "sequence", "uint", "Sequence" },
}

-- `more` bytes follow the header; `step` completes the step of a frame with data.
function l45.frame(flow, state, bytes, more, step)
  local is_mine = l45.is_at(bytes, 1, flow.mark)
  if is_mine == false then return { pass = true } end
  if not is_mine or #bytes < FRAME_LEN + more then return nil end
  local kind, length = l45.u32(bytes, 17), l45.u32(bytes, 21)
  local says = {
    kind = kind == FRAME_DATA and "data" or kind == FRAME_END and "end" or "unknown",
    length = length,
    sequence = l45.u32(bytes, 29),
  }
  local result = { skip = FRAME_LEN + more, copy = length, says = says }
  if step and kind == FRAME_DATA then step(result) end
  return result
end

-- ---- which flows ----

local function port_in(ports, port)
  if not ports then return true end
  for _, range in ipairs(ports) do
    local first, last = range:match("^(%d+)-(%d+)$")
    if not first then first, last = range, range end
    if port >= tonumber(first) and port <= tonumber(last) then return true end
  end
  return false
end

local function listed(list, value)
  if not list then return true end
  for _, entry in ipairs(list) do
    if entry == value then return true end
  end
  return false
end

local function side(of)
  return of and of.ports
end

-- The role of the end that receives it, or nil. Addresses are left to the mark.
local function receiver(deployment, protocol, pinfo)
  for _, flows in ipairs(deployment.ends) do
    if listed(flows.match.protocols, protocol) then
      local near, far = side(flows.match["local"]), side(flows.match.remote)
      if port_in(near, pinfo.dst_port) and port_in(far, pinfo.src_port) then return flows.role end
      if port_in(near, pinfo.src_port) and port_in(far, pinfo.dst_port) then
        return flows.role == "client" and "server" or "client"
      end
    end
  end
  return nil
end

local function candidates(protocol, pinfo)
  local found = {}
  for _, deployment in ipairs(deployments) do
    local role = receiver(deployment, protocol, pinfo)
    local module = modules[deployment.customization]
    if role and (protocol == "tcp" and module.stream or protocol == "udp" and module.datagram) then
      found[#found + 1] = {
        module = module,
        deployment = deployment,
        flow = { mark = deployment.mark, params = deployment.params, role = role },
      }
    end
  end
  return found
end

-- ---- showing ----

-- `range` is what the tree highlights.
local function show_tag(tree, range, candidate, says)
  local module = candidate.module
  local item = tree:add(proto, range, "Layer 4.5: " .. module.name)
  item:add(common.customization, range, module.name)
  item:add(common.deployment, range, candidate.deployment.deployment)
  for name, value in pairs(says or {}) do
    item:add(name == "app_id" and common.app_id or module.proto_fields[name], range, value)
  end
end

-- To whoever would have got these bytes.
local function hand_on(protocol, bytes, pinfo, tree, title)
  local tvb = ByteArray.new(bytes, true):tvb(title)
  local low = math.min(pinfo.src_port, pinfo.dst_port)
  local high = math.max(pinfo.src_port, pinfo.dst_port)
  local ports = DissectorTable.get(protocol .. ".port")
  for _, port in ipairs({ low, high }) do
    if ports:try(port, tvb, pinfo, tree) > 0 then return end
  end
  Dissector.get("data"):call(tvb, pinfo, tree)
end

-- ---- datagrams ----

local function carry_out(steps, bytes)
  local plain, at = {}, 1
  for _, step in ipairs(steps) do
    step.at = at
    at = at + (step.skip or 0)
    plain[#plain + 1] = step.insert
    local copy = step.copy or 0
    local part = bytes:sub(at, at + copy - 1)
    plain[#plain + 1] = step.transform and step.transform(part) or part
    at = at + copy
  end
  plain[#plain + 1] = bytes:sub(at)
  return table.concat(plain)
end

local function dissect_datagram(tvb, pinfo, tree)
  local bytes = tvb:raw()
  for _, candidate in ipairs(candidates("udp", pinfo)) do
    local steps = candidate.module.datagram(candidate.flow, bytes)
    if steps then
      local plain = carry_out(steps, bytes)
      for _, step in ipairs(steps) do
        if step.says then show_tag(tree, tvb(step.at - 1, step.skip), candidate, step.says) end
      end
      hand_on("udp", plain, pinfo, tree, "Without " .. candidate.module.name)
      return true
    end
  end
  return false
end

-- ---- streams ----

-- As TCP itself does it for dissectors that want more: they get it again, with what follows,
-- once there is as much as they want.
local ONE_MORE_SEGMENT = 0x0ffffffe
-- From here on those that can't say how much wait for twice as much: else each of many segments
-- would be one more copy of all before it.
local LARGE = 0x10000

local function waiting()
  return { parts = {}, size = 0, wanted = 0 }
end

local function wait_for(rest, more)
  local size = #rest
  if more < ONE_MORE_SEGMENT then return { parts = { rest }, size = size, wanted = size + more } end
  return { parts = { rest }, size = size, wanted = size < LARGE and size + 1 or 2 * size }
end

-- What there is to dissect, now that these bytes have come: none as long as more are wanted.
local function gather(direction, bytes)
  local wait = direction.waiting
  wait.size = wait.size + #bytes
  if is_watching and wait.wanted > LARGE then
    -- Nothing of such a size is looked at; what follows it is.
    bytes = bytes:sub(#bytes - math.max(0, wait.size - wait.wanted) + 1)
    wait.parts = {}
  end
  wait.parts[#wait.parts + 1] = bytes
  if wait.size < wait.wanted then return "" end
  direction.waiting = waiting()
  return table.concat(wait.parts)
end

local function direction_of(pinfo)
  local key = tostring(tcp_stream()) .. " " .. tostring(pinfo.src) .. " " .. pinfo.src_port
  local direction = directions[key]
  if not direction then
    direction = { candidates = candidates("tcp", pinfo), pending = "", waiting = waiting() }
    for _, candidate in ipairs(direction.candidates) do candidate.state = {} end
    directions[key] = direction
  end
  return direction
end

-- Where somebody's mark, or what may become one, begins.
local function next_mark(direction, bytes, from)
  local found = #bytes + 1
  for _, candidate in ipairs(direction.candidates) do
    local mark = candidate.flow.mark
    found = math.min(found, bytes:find(mark, from, true) or found)
    for at = math.max(from, #bytes - #mark + 2), #bytes do
      if bytes:sub(at) == mark:sub(1, #bytes - at + 1) then
        found = math.min(found, at)
        break
      end
    end
  end
  return found
end

-- One step of whoever's the stream is at this point. Returns nil if more bytes are needed.
local function ask(direction, bytes)
  local pass
  for _, candidate in ipairs(direction.candidates) do
    local step = candidate.module.stream(candidate.flow, candidate.state, bytes)
    if not step then return nil end
    if not step.pass then
      step.candidate = candidate
      return step
    end
    candidate.state = {}
    if step.pass ~= true then pass = math.min(pass or step.pass, step.pass) end
  end
  return { pass = pass or true }
end

local function copy_out(direction, packet, some)
  packet.plain[#packet.plain + 1] = direction.transform and direction.transform(some) or some
end

-- Takes in a segment's new bytes; `packet` gets what they say and what they are without it.
local function take(direction, bytes, packet)
  bytes = direction.pending .. bytes
  local used = 0
  while used < #bytes do
    if direction.copy then
      local some = bytes:sub(used + 1, used + direction.copy)
      copy_out(direction, packet, some)
      used = used + #some
      direction.copy = direction.copy > #some and direction.copy - #some or nil
    elseif direction.searching then
      local mark = next_mark(direction, bytes, used + direction.searching)
      packet.plain[#packet.plain + 1] = bytes:sub(used + 1, mark - 1)
      direction.searching = mark <= #bytes and 1 or direction.searching
      if mark > used + 1 then direction.searching = 1 end
      used = mark - 1
      if #bytes - used < l45.MARK_LEN then break end
      direction.searching = nil
    else
      local step = ask(direction, bytes:sub(used + 1))
      if not step then break end
      if step.pass then
        direction.transform = nil
        if step.pass == true then direction.searching = 2 else direction.copy = step.pass end
      else
        if step.says then
          packet.tags[#packet.tags + 1] = { candidate = step.candidate, says = step.says }
          packet.is_ours = true
        end
        used = used + (step.skip or 0)
        packet.plain[#packet.plain + 1] = step.insert
        direction.transform = step.transform
        direction.copy = (step.copy or 0) > 0 and step.copy or nil
        direction.is_ours = true
      end
    end
  end
  direction.pending = bytes:sub(used + 1)
end

-- What a segment holds, worked out once, when it is seen first and in order.
local function packet_of(tvb, pinfo)
  local packet = shown[pinfo.number]
  if packet or pinfo.visited then return packet end
  -- The first of two passes that needs no tree: Wireshark does not tell.
  if not tcp_seq() then return nil end
  local direction = direction_of(pinfo)
  if #direction.candidates == 0 then return nil end
  local seq = tcp_seq().value
  direction.next = direction.next or seq
  local known = direction.next - seq
  -- Seen before, or behind a hole: Wireshark says so itself.
  if known < 0 or known >= tvb:len() then return nil end
  direction.next = seq + tvb:len()
  packet = { plain = {}, tags = {}, direction = direction }
  take(direction, tvb:raw(known), packet)
  if not direction.is_ours then return nil end
  packet.plain = gather(direction, table.concat(packet.plain))
  if not is_watching then shown[pinfo.number] = packet end
  return packet
end

local function hand_on_stream(packet, pinfo, tree, title)
  pinfo.can_desegment = 2
  pinfo.desegment_len = 0
  pinfo.desegment_offset = 0
  hand_on("tcp", packet.plain, pinfo, tree, title)
  if pinfo.desegment_len ~= 0 and not pinfo.visited then
    local rest = packet.plain:sub(pinfo.desegment_offset + 1)
    packet.direction.waiting = wait_for(rest, pinfo.desegment_len)
  end
  pinfo.desegment_len = 0
  pinfo.desegment_offset = 0
end

local function dissect_stream(tvb, pinfo, tree)
  local packet = packet_of(tvb, pinfo)
  if not packet then return false end
  local name = ""
  for _, tag in ipairs(packet.tags) do
    show_tag(tree, tvb(), tag.candidate, tag.says)
    name = tag.candidate.module.name
  end
  if #packet.plain > 0 then hand_on_stream(packet, pinfo, tree, "Without " .. name) end
  return true
end

-- ---- setting up ----

local makers = { string = ProtoField.string, uint = ProtoField.uint32 }

local function make_fields(module)
  module.proto_fields = {}
  for _, field in ipairs(module.fields or {}) do
    local name, kind, title = field[1], field[2], field[3]
    module.proto_fields[name] = makers[kind]("l45." .. module.name .. "." .. name, title)
  end
end

local function mark_of(deployment)
  return (deployment:gsub("-", ""):gsub("%x%x", function(byte)
    return string.char(tonumber(byte, 16))
  end))
end

-- Called once, with the modules and with the deployments by priority:
-- { deployment, customization, params, ends = { { role, match }, ... } }. With `mode` "watch",
-- as for `tshark -X lua_script1:watch` on what never ends, nothing is kept that is over.
function l45.install(list, wanted, mode)
  is_watching = mode == "watch"
  local fields = { common.customization, common.deployment, common.app_id }
  for _, make in ipairs(list) do
    local module = make(l45)
    make_fields(module)
    for _, field in pairs(module.proto_fields) do fields[#fields + 1] = field end
    modules[module.name] = module
  end
  proto.fields = fields
  for _, deployment in ipairs(wanted) do
    if not modules[deployment.customization] then
      error("no inverse module of " .. deployment.customization)
    end
    deployment.mark = mark_of(deployment.deployment)
    deployments[#deployments + 1] = deployment
  end
  proto:register_heuristic("udp", dissect_datagram)
  proto:register_heuristic("tcp", dissect_stream)
  -- Ahead of the dissectors that ports stand for, and in order.
  set_preference("udp.try_heuristic_first", true)
  set_preference("tcp.try_heuristic_first", true)
  set_preference("tcp.reassemble_out_of_order", true)
end

function proto.init()
  directions = {}
  shown = {}
end

return l45
