import { readFileSync } from 'node:fs'

export const dashboard = readFileSync(new URL('../../docs/monitoring/dashboard.json', import.meta.url), 'utf8')

/** Every string of the dashboard that is a question, as Grafana would ask it with `All` chosen above. */
export const questions = [...dashboard.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, text = '""']) =>
  (JSON.parse(text) as string).replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.+'),
)
