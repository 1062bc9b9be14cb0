/**
 * Importing this, before all else, keeps Node's debugger shut. Whoever connects to it runs code in this process, and it
 * listens on loopback, where every client of a proxy on this machine gets to. SIGUSR1 opens it unless that signal has a
 * listener; the programs start with --disable-sigusr1, so that a signal before this line opens nothing either.
 */
process.on('SIGUSR1', () => {})

// Started as installed and with no other flag, nothing can have opened it; looking would take 3 ms of a short run.
const installed = /^--disable-sigusr1(,--m(ax|in)-semi-space-size=\d+)*$/
if (process.env.NODE_OPTIONS || !installed.test(process.execArgv.join())) {
  shut()
  // What an early signal has asked for may come about in the first turn.
  setImmediate(shut)
}

function shut(): void {
  const inspector = process.features.inspector ? process.getBuiltinModule('node:inspector') : undefined
  if (inspector?.url() !== undefined) inspector.close()
}

export {}
