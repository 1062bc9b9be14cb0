import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { eventually } from './eventually.ts'
import { findProgram } from './programs.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface Login {
  readonly username: string
  readonly password: string
}

/** A browser with one page. It believes any certificate. */
export interface Browser {
  /** Resolves once it is on the way there; rejects, perhaps, if it does not get there. */
  go(url: string): Promise<unknown>
  /** What the page shows. */
  text(): Promise<string>
  /** How often it was asked for a login. */
  readonly asked: number
}

/**
 * Starts a browser, until the test is over, that goes by the proxy at `http://…` or `socks5://…` wherever it goes, and gives this
 * login if that asks for one, thrice at most.
 */
export type StartBrowser = (proxy: string, login: Login) => Promise<Browser>

export const chromium = findProgram('chromium', 'chromium-browser', 'google-chrome')
const firefox = findProgram('firefox-esr', 'firefox')

/** By name, those that this machine has; undefined: it has not. */
export const browsers: Readonly<Record<'Chromium' | 'Firefox', StartBrowser | undefined>> = {
  Chromium: chromium === undefined ? undefined : startChromium.bind(undefined, chromium),
  Firefox: firefox === undefined ? undefined : startFirefox.bind(undefined, firefox),
}

/** What keeps Chromium from showing itself, and from talking to others than it is told to. */
export const quietChromium = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--proxy-bypass-list=<-loopback>'],
  // It asks for the time, for updates and for whose account this is all the same: not Google, then.
  ...['--disable-features=NetworkTimeServiceQuerying,OptimizationHints', '--gaia-url=http://localhost:9'],
  '--component-updater=url-source=http://localhost:9/',
]

/** Has Chromium keep all that it leaves behind in a folder that goes with the test: its profile, and what it is killed beside. */
export async function chromiumFolder(): Promise<{ args: readonly string[]; env: NodeJS.ProcessEnv }> {
  const folder = await temporaryFolder()
  return { args: [`--user-data-dir=${folder}`], env: { ...process.env, TMPDIR: folder } }
}

const triesAtMost = 3

/** By the DevTools protocol. */
async function startChromium(program: string, proxy: string, login: Login): Promise<Browser> {
  const { args: folder, env } = await chromiumFolder()
  const own = [...folder, '--ignore-certificate-errors', '--remote-debugging-port=0']
  const wire = await launch(program, [...quietChromium, ...own, `--proxy-server=${proxy}`, 'about:blank'], env)
  let asked = 0
  wire.heard = ({ method, params, sessionId }) => {
    const { requestId } = params
    if (method === 'Fetch.requestPaused') wire.tell('Fetch.continueRequest', { requestId }, sessionId)
    else if (method === 'Fetch.authRequired') {
      const answer = ++asked > triesAtMost ? { response: 'CancelAuth' } : { response: 'ProvideCredentials', ...login }
      wire.tell('Fetch.continueWithAuth', { requestId, authChallengeResponse: answer }, sessionId)
    }
  }
  const { targetId } = await wire.call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await wire.call('Target.attachToTarget', { targetId, flatten: true })
  await wire.call('Fetch.enable', { handleAuthRequests: true, patterns: [{ urlPattern: '*' }] }, sessionId)
  return {
    go: (url) => wire.call('Page.navigate', { url }, sessionId),
    async text() {
      const { result } = await wire.call('Runtime.evaluate', { expression: shown }, sessionId)
      return result.value
    },
    get asked() {
      return asked
    },
  }
}

/** By WebDriver BiDi. */
async function startFirefox(program: string, proxy: string, login: Login): Promise<Browser> {
  const profile = await temporaryFolder()
  const preferences = Object.entries({ ...quietFirefox, ...proxyPreferences(new URL(proxy)) })
  const lines = preferences.map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  writeFileSync(join(profile, 'user.js'), lines.join(''))
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', 'about:blank']
  const wire = await launch(program, args, { ...process.env, HOME: profile, ...quietFirefoxEnv }, '/session')
  let asked = 0
  wire.heard = ({ method, params }) => {
    if (method !== 'network.authRequired') return
    const answer =
      ++asked > triesAtMost
        ? { action: 'cancel' }
        : { action: 'provideCredentials', credentials: { type: 'password', ...login } }
    wire.tell('network.continueWithAuth', { request: params.request.request, ...answer })
  }
  await wire.call('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } })
  await wire.call('session.subscribe', { events: ['network.authRequired'] })
  await wire.call('network.addIntercept', { phases: ['authRequired'] })
  const { contexts } = await wire.call('browsingContext.getTree', {})
  const [{ context }] = contexts
  return {
    go: (url) => wire.call('browsingContext.navigate', { context, url, wait: 'none' }),
    async text() {
      const asking = { expression: shown, target: { context }, awaitPromise: false }
      const { result } = await wire.call('script.evaluate', asking)
      return result.value
    },
    get asked() {
      return asked
    },
  }
}

const shown = 'document.body?.innerText ?? ""'

/** As Settings, Network Settings, have it once somebody has filled them in. */
function proxyPreferences({ protocol, hostname, port }: URL) {
  const kinds = protocol === 'http:' ? ['http', 'ssl'] : ['socks']
  const places = kinds.flatMap((kind) => [
    [`network.proxy.${kind}`, hostname],
    [`network.proxy.${kind}_port`, Number(port)],
  ])
  return { 'network.proxy.type': 1, 'network.proxy.allow_hijacking_localhost': true, ...Object.fromEntries(places) }
}

/** Updates, lists and reports, each from a place of Mozilla's. */
const quietFirefox = {
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.region.network.url': '',
  'browser.safebrowsing.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.push.connection.enabled': false,
  'extensions.update.enabled': false,
  'media.gmp-manager.updateEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.server': '',
}
/** Without these it asks for its settings elsewhere, whatever that preference says; and what does not go by the proxy ends it. */
const quietFirefoxEnv = { MOZ_REMOTE_SETTINGS_DEVTOOLS: '1', MOZ_DISABLE_NONLOCAL_CONNECTIONS: '1' }

/** Whatever a browser tells, which is as its protocol says. */
// biome-ignore lint/suspicious/noExplicitAny: two protocols of hundreds of messages, of which a dozen are used
type Told = any

/** Messages to a browser and from it, over a WebSocket: both protocols have them alike. */
class Wire {
  heard: (event: Told) => void = () => {}
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, PromiseWithResolvers<Told>>()
  #last = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const { id, result, error, ...event } = JSON.parse(String(data))
      const waiting = this.#waiting.get(id)
      if (error !== undefined) waiting?.reject(new Error(JSON.stringify({ error, ...event })))
      else if (waiting) waiting.resolve(result)
      else this.heard(event)
    })
  }

  /** `sessionId`: the page that it is for, of DevTools. */
  call(method: string, params: object, sessionId?: string): Promise<Told> {
    const answer = Promise.withResolvers<Told>()
    this.#waiting.set(++this.#last, answer)
    this.#socket.send(JSON.stringify({ id: this.#last, method, params, sessionId }))
    return answer.promise
  }

  /** As `call`, of a request that may be over meanwhile, which nobody minds. */
  tell(method: string, params: object, sessionId?: string): void {
    this.call(method, params, sessionId).catch(() => {})
  }
}

/** Starts a browser, and speaks to where it says that it listens. */
async function launch(program: string, args: readonly string[], env: NodeJS.ProcessEnv, path = ''): Promise<Wire> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text))
  const url = await eventually(() => {
    const [, found] = /(?:DevTools|BiDi) listening on (ws:\S+)/.exec(said) ?? []
    if (found === undefined) throw new Error(`no browser: ${said}`)
    return found
  })
  const socket = new WebSocket(`${url}${path}`)
  await once(socket, 'open')
  return new Wire(socket)
}
