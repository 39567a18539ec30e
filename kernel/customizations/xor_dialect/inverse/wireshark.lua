-- SPDX-License-Identifier: GPL-2.0-or-later
-- xor_dialect: its bytes in plain.

return function(l45)
  -- The key starts anew with each frame and datagram, but not with each segment.
  local function speaker(flow)
    local key, at = flow.params.key, 0
    return function(bytes)
      local out = {}
      for i = 1, #bytes do
        out[i] = string.char(bit.bxor(bytes:byte(i), key:byte((at + i - 1) % #key + 1)))
      end
      at = at + #bytes
      return table.concat(out)
    end
  end

  return {
    name = "xor_dialect",
    fields = l45.frame_fields,
    datagram = function(flow, bytes)
      if not l45.is_at(bytes, 1, flow.mark) then return nil end
      local skip = l45.MARK_LEN
      return { { skip = skip, copy = #bytes - skip, transform = speaker(flow), says = {} } }
    end,
    stream = function(flow, state, bytes)
      return l45.frame(flow, state, bytes, 0, function(step)
        step.transform = speaker(flow)
      end)
    end,
  }
end
