-- Attaches the server to the file that is open, and does what a user does. Every step prints a line of JSON.
local output = {}

local function report(step, value)
  table.insert(output, vim.json.encode({ step = step, value = value }))
end

local function wait_for(what)
  local found
  vim.wait(30000, function()
    found = what()
    return found
  end, 20)
  return found
end

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

local function diagnostics()
  local found = vim.diagnostic.get(0)
  return #found > 0 and found
end

local function request(client, method, params)
  local answer = client.request_sync(method, params, 30000, 0)
  if not answer or answer.err then
    error(method .. ': ' .. vim.inspect(answer))
  end
  return answer.result
end

local function main()
  local client = vim.lsp.get_client_by_id(vim.lsp.start_client({
    name = 'idiomatic',
    cmd = vim.json.decode(vim.env.SERVER),
    root_dir = vim.fn.getcwd(),
    capabilities = vim.lsp.protocol.make_client_capabilities(),
  }))
  vim.lsp.buf_attach_client(0, client.id)
  vim.wait(30000, function() return client.initialized end, 20)

  -- What is found.
  local found = wait_for(diagnostics) or {}
  report('diagnostics', vim.tbl_map(function(each)
    return { code = each.code, line = each.lnum, column = each.col, message = each.message }
  end, found))

  -- K
  vim.api.nvim_win_set_cursor(0, { found[1].lnum + 1, found[1].col })
  local hover = request(client, 'textDocument/hover', vim.lsp.util.make_position_params(0, client.offset_encoding))
  report('hover', hover and hover.contents.value)

  -- gra, and the first of the list.
  vim.ui.select = function(items, options, choose)
    report('actions', vim.tbl_map(options.format_item, items))
    choose(items[1], 1)
  end
  local before = table.concat(lines(), '\n')
  vim.lsp.buf.code_action()
  wait_for(function() return table.concat(lines(), '\n') ~= before end)
  report('fixed', lines())
  wait_for(function() return not diagnostics() end)
  report('left', #vim.diagnostic.get(0))
  vim.cmd('undo')
  report('undone', table.concat(lines(), '\n') == before)

  -- A template, as a plug-in for completion inserts it: what is built in looks, before 0.11, only at the inserted text.
  vim.api.nvim_buf_set_lines(0, -1, -1, false, { '', 'retry' })
  vim.wait(500) -- Neovim holds changes back for a moment.
  local list = request(client, 'textDocument/completion', {
    textDocument = vim.lsp.util.make_text_document_params(),
    position = { line = #lines() - 1, character = 5 },
  })
  local item = vim.tbl_filter(function(each) return each.label == 'retry' end, list.items)[1]
  item = request(client, 'completionItem/resolve', item) or item
  local edits = vim.list_extend({ item.textEdit }, item.additionalTextEdits or {})
  vim.lsp.util.apply_text_edits(edits, 0, client.offset_encoding)
  report('completed', lines())

  vim.lsp.stop_client(client.id)
end

local ok, message = pcall(main)
if not ok then
  report('error', message)
end
vim.fn.writefile(output, vim.env.OUTPUT)
vim.cmd('qall!')
