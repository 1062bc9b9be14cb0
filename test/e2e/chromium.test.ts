import { expect, test } from 'vitest'
import { startDaemon } from '../helpers/daemon.ts'
import { findProgram, run } from '../helpers/programs.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startWebServer } from '../helpers/web-server.ts'

const chromium = findProgram('chromium', 'chromium-browser', 'google-chrome')

/** The page at `url` as Chromium has it once its scripts have run. */
async function load(url: string, proxy: string): Promise<string> {
  const { stdout } = await run(chromium ?? '', [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--user-data-dir=${await temporaryFolder()}`,
    `--proxy-server=${proxy}`,
    '--proxy-bypass-list=<-loopback>',
    '--virtual-time-budget=5000',
    '--dump-dom',
    url,
  ])
  return stdout
}

test.skipIf(!chromium).each(['portable', 'linux'])(
  'Chromium loads a page and what it asks for: %s',
  async (engine) => {
    const daemon = await startDaemon(['--engine', engine])
    const origin = await startWebServer('127.0.0.1', (request, response) => {
      if (request.url === '/script.js') response.end("document.body.append('and its script')")
      else
        response.setHeader('content-type', 'text/html').end('<body>the page <script src="/script.js"></script></body>')
    })
    const url = origin.replace('127.0.0.1', 'localhost')
    const proxy = `socks5://127.0.0.1:${daemon.port('socks')}`
    expect(await load(url, proxy)).toMatch(/the page .*and its script/)
    await daemon.stop()
    expect(await load(url, proxy), 'without the proxy').not.toContain('the page')
  },
  90_000,
)
