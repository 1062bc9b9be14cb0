import { expect, test } from 'vitest'
import { chromium, chromiumFolder, quietChromium } from '../helpers/browsers.ts'
import { startDaemon } from '../helpers/daemon.ts'
import { mostTelling } from '../helpers/most-telling.ts'
import { run } from '../helpers/programs.ts'
import { startWebServer } from '../helpers/web-server.ts'

/** The page at `url` as Chromium has it once its scripts have run. */
async function load(url: string, proxy: string): Promise<string> {
  const { args, env } = await chromiumFolder()
  const visit = [...args, `--proxy-server=${proxy}`, '--virtual-time-budget=5000', '--dump-dom', url]
  const { stdout } = await run(chromium ?? '', [...quietChromium, ...visit], { env })
  return stdout
}

test.skipIf(!chromium).each(mostTelling)(
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
