import { createHmac } from 'node:crypto'
import { lookup as lookUp } from 'node:dns'
import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { LookupFunction } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Health, WatchNotice } from '../../shared/protocol/methods.ts'
import { isLoopbackLiteral, parseAddress, unmapped } from '../net/address.ts'
import { embeddedAddresses, isSpecial } from '../policy/special.ts'

/** Notices that wait; beyond it the oldest go. */
const mostWaiting = 100
/** Times that one is tried. */
const mostTries = 6
/** Milliseconds for one try, from the look-up of the name to the end of the answer. */
const patience = 10_000
/** Milliseconds before the second try; twice as many before each further one. */
const firstPause = 1_000
/** Bytes of an answer that are read: it says nothing that we want to know. */
const longestAnswer = 64 * 1024

export interface WebhookOptions {
  readonly url: string
  /** Signs what is sent. */
  readonly secret: string | undefined
  readonly warn: (message: string) => void
  /** As `dns.lookup`, which is asked unless told. */
  readonly lookUp?: typeof lookUp
  /** Milliseconds, see above. */
  readonly firstPause?: number
  readonly patience?: number
}

/** Why a URL is none for a webhook, in words for people; undefined if it is one. */
export function unfitUrl(url: string): string | undefined {
  if (!URL.canParse(url)) return 'is no URL'
  const { protocol, username, password, hostname, hash } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return 'begins with neither https:// nor http://'
  if (username !== '' || password !== '') return 'has a password in it, which would be seen: sign with webhook-secret'
  if (hash !== '') return 'has a # in it'
  if (protocol === 'http:' && !isThisMachine(hostname)) return 'is not on this machine: use https://'
  return undefined
}

/**
 * Tells a URL of notices, one after the other, each a POST of JSON. Who is told may be slow or away: what waits is bounded, each
 * has a few tries, further and further apart, and nothing waits for any of it.
 *
 * A name that leads to an address of this machine or its neighbours (RFC 6890) is not followed there, nor is a redirect: who
 * can answer for a name must not have the daemon speak to its own network. An address in the URL itself is its owner's word.
 */
export class Webhook {
  readonly #options: WebhookOptions
  readonly #waiting: WatchNotice[] = []
  #lost = 0
  #problem: string | null = null
  #missed = 0
  #isSending = false
  readonly #ending = new AbortController()

  /** `url` is fit: see `unfitUrl`. */
  constructor(options: WebhookOptions) {
    this.#options = options
  }

  /** How it goes, as the daemon's health tells. */
  get state(): NonNullable<Health['webhook']> {
    return { problem: this.#problem, missed: this.#missed }
  }

  /** Never fails, and waits for nothing. */
  post(notice: WatchNotice): void {
    this.#waiting.push(notice)
    if (this.#waiting.length > mostWaiting) {
      this.#waiting.shift()
      this.#lost++
      this.#missed++
    }
    if (!this.#isSending) void this.#sendAll()
  }

  /** What is not sent by then never is. */
  close(): void {
    this.#waiting.length = 0
    this.#ending.abort()
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    for (let notice = this.#waiting.shift(); notice; notice = this.#waiting.shift()) {
      const missed = this.#lost
      this.#lost = 0
      if (!(await this.#deliver(JSON.stringify({ ...notice, missed })))) this.#lost += missed + 1
    }
    this.#isSending = false
  }

  /** False if it was given up. */
  async #deliver(body: string): Promise<boolean> {
    const { warn, firstPause: pause = firstPause } = this.#options
    for (let tries = 1; !this.#ending.signal.aborted; tries++) {
      const problem = await this.#send(body)
      if (problem === undefined) {
        this.#problem = null
        return true
      }
      if (problem.isFinal || tries === mostTries) {
        this.#problem = problem.text
        this.#missed++
        warn(`the webhook was not told of a watch, after ${tries} of ${mostTries} tries: ${problem.text}`)
        return false
      }
      await this.#wait(pause * 2 ** (tries - 1))
    }
    return false
  }

  /** Undefined if it has arrived. */
  #send(body: string): Promise<{ readonly text: string; readonly isFinal: boolean } | undefined> {
    const { url, secret, patience: time = patience } = this.#options
    const { protocol, hostname } = new URL(url)
    const { promise, resolve } = Promise.withResolvers<{ text: string; isFinal: boolean } | undefined>()
    const signature = secret === undefined ? {} : { 'x-proxyd-signature': `sha256=${signatureOf(body, secret)}` }
    const request = (protocol === 'https:' ? requestSecure : requestPlain)(url, {
      method: 'POST',
      agent: false,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
      lookup: isThisMachine(hostname) ? undefined : publicAlone(this.#options.lookUp ?? lookUp),
      signal: AbortSignal.any([AbortSignal.timeout(time), this.#ending.signal]),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'proxyd',
        ...signature,
      },
    })
    request.on('error', (error) => resolve({ text: error.message, isFinal: false }))
    request.on('response', (response) => {
      const { statusCode: status = 0 } = response
      const isRefused = status >= 300 && status < 500 && status !== 408 && status !== 425 && status !== 429
      const outcome = status >= 200 && status < 300 ? undefined : { text: `it answered ${status}`, isFinal: isRefused }
      let read = 0
      response.on('data', (chunk: Buffer) => {
        read += chunk.length
        if (read > longestAnswer) response.destroy()
      })
      response.on('error', () => {})
      response.on('close', () => resolve(outcome))
    })
    // Node has no response then, nor an error.
    request.on('upgrade', ({ statusCode }, socket) => {
      socket.destroy()
      resolve({ text: `it answered ${statusCode}`, isFinal: true })
    })
    request.end(body)
    return promise
  }

  /** Or until the end. */
  #wait(milliseconds: number): Promise<void> {
    return setTimeout(milliseconds, undefined, { ref: false, signal: this.#ending.signal }).catch(() => {})
  }
}

/** HMAC-SHA256 (RFC 2104) of the body's UTF-8, in hex. */
function signatureOf(body: string, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex')
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || isLoopbackLiteral(hostname.replace(/^\[(.*)\]$/, '$1'))
}

/** As `dns.lookup`, for public hosts alone. */
function publicAlone(ask: typeof lookUp): LookupFunction {
  return (name, options, callback) => {
    ask(name, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0)
      const open = addresses.filter(({ address }) => isPublic(address))
      const [first] = open
      if (!first) return callback(new Error(`${name} leads to no public address`), '', 0)
      if (options.all) callback(null, open)
      else callback(null, first.address, first.family)
    })
  }
}

function isPublic(literal: string): boolean {
  const bytes = unmapped(parseAddress(literal)?.bytes ?? new Uint8Array(4))
  return !isSpecial(bytes) && !embeddedAddresses(bytes).some(isSpecial)
}
