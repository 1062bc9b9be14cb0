import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Stats } from 'node:fs'
import { whyNot } from '../../../shared/file-trouble.ts'
import { readPlainFile, UnfitFile } from '../../../shared/whole-file.ts'
import { foreignness, unsafePlaceOf } from '../../foreign-files.ts'
import { ControlStartError } from '../start-error.ts'

/** Where certificate chain, key and the authorities of client certificates lie, all PEM. An empty path: none. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  /** Clients must have a certificate that one of these has signed. */
  readonly clientCa: string
}

/** What is in the files, once it is known to be sound. */
export interface TlsIdentity {
  readonly cert: string
  readonly key: string
  readonly clientCa: string | undefined
  /** Milliseconds since 1970. */
  readonly validFrom: number
  readonly validUntil: number
}

/** A chain, or the authorities of a whole system, has less. */
const mostBytes = 1024 * 1024

const pemBegin = '-----BEGIN CERTIFICATE-----'

/**
 * Reads the files. Throws `ControlStartError` if one is missing or unsound, the key belongs to another certificate, others than
 * this user may read it, or can put another key or other authorities there: another certificate would not fit the key.
 */
export function readTlsFiles({ cert, key, clientCa }: TlsFiles): TlsIdentity {
  if (cert === '' || key === '') {
    const missing = cert === '' ? 'control-tls-cert' : 'control-tls-key'
    throw mistake(`control-tls-addr needs ${missing}: give it the PEM file, or leave control-tls-addr out`)
  }
  const chain = read('control-tls-cert', cert)
  const [own] = certificatesIn('control-tls-cert', cert, chain)
  const keyText = read('control-tls-key', key, ownAlone('control-tls-key', key))
  if (!own?.checkPrivateKey(privateKeyIn(key, keyText))) {
    throw mistake(
      `the key in ${key} is not that of the first certificate in ${cert}: give control-tls-key the right one`,
    )
  }
  return {
    cert: chain,
    key: keyText,
    clientCa: clientCa === '' ? undefined : authoritiesIn(clientCa),
    validFrom: Date.parse(own.validFrom),
    validUntil: Date.parse(own.validTo),
  }
}

type TlsSetting = 'control-tls-cert' | 'control-tls-key' | 'control-tls-client-ca'

function authoritiesIn(path: string): string {
  const text = read('control-tls-client-ca', path, ownAlone('control-tls-client-ca', path))
  certificatesIn('control-tls-client-ca', path, text)
  return text
}

function read(setting: TlsSetting, path: string, judge?: (status: Stats) => void): string {
  try {
    return readPlainFile(path, mostBytes, judge).toString('utf8')
  } catch (error) {
    if (error instanceof ControlStartError) throw error
    if (error instanceof UnfitFile) throw mistake(`${setting} ${path} ${error.message}: give it a PEM file`)
    throw mistake(`cannot read ${setting} ${path}: ${whyNot(error, path, `give ${setting} another`)}`)
  }
}

/** Judges a file that decides who may come in: who can put another one there lets in whom they like, or poses as this daemon. */
function ownAlone(setting: TlsSetting, path: string): (status: Stats) => void {
  return (status) => {
    if (setting === 'control-tls-key' && (status.mode & 0o077) !== 0)
      throw mistake(`${setting} ${path} is open to others than its owner: chmod 600 ${path}`)
    const reason = foreignness(path, status) ?? unsafePlaceOf(path)
    if (reason) throw mistake(`${reason} (${setting} names it)`)
  }
}

function certificatesIn(setting: TlsSetting, path: string, text: string): X509Certificate[] {
  const begun = text.split(pemBegin).slice(1)
  const certificates = begun.map((pem) => certificateOf(`${pemBegin}${pem}`))
  const sound = certificates.filter((certificate) => certificate !== undefined)
  if (sound.length === 0) throw mistake(`${setting} ${path} has no sound certificate: give it a PEM file of them`)
  if (sound.length === begun.length) return sound
  const which = `certificate ${1 + certificates.indexOf(undefined)} of ${begun.length}`
  throw mistake(`${which} in ${setting} ${path} is cut off or damaged: put the whole PEM file there`)
}

/** Undefined if it is not sound: OpenSSL's own words would not help. */
function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function privateKeyIn(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    if (text.includes('ENCRYPTED'))
      throw mistake(`control-tls-key ${path} has a passphrase: take it off, with openssl pkey for one`)
    throw mistake(`control-tls-key ${path} has no sound private key: give it the PEM file of the key`)
  }
}

function mistake(message: string): ControlStartError {
  return new ControlStartError(message, 2)
}
