/**
 * Why the daemon does not do what an operator asks of it: a text for people, and for programs a kind and what else they
 * should know. `invalid`: it makes no sense; `conflict`: it does not fit what there is; `unavailable`: the disk does not do it.
 */
export class Refusal extends Error {
  readonly kind: 'invalid' | 'exists' | 'not_found' | 'conflict' | 'unavailable'
  readonly details: Record<string, unknown>

  constructor(kind: Refusal['kind'], message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'Refusal'
    this.kind = kind
    this.details = details
  }
}
