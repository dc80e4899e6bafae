// usage: node browser.mjs BINARY DATA_DIR PORT TOKEN RUNS
// The demo dashboard in headless Chromium. Cold: the server restarted with its results deleted, a new browser context.
// Warm: the same page again in the same context. "Drawn" is the frame after the first one in which every chart of the page
// stands in the document and is not hidden, so after these were laid out and painted; "shown" is the browser's first
// contentful paint, when pixels are on the screen. Both are counted from the start of the navigation.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'

const { chromium } = createRequire(new URL('../../e2e/', import.meta.url))('playwright-core')
const [binary, dataDir, port, token, runs] = process.argv.slice(2)
const base = `http://127.0.0.1:${port}`
const url = `${base}/d/demand-forecast`
const CHARTS = 9

async function serve() {
  const server = spawn(binary, ['demo', '--data-dir', dataDir, '--listen', `127.0.0.1:${port}`], { stdio: 'ignore' })
  for (;;) {
    try {
      if ((await fetch(`${base}/healthz`)).ok) return server
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

function stop(server) {
  return new Promise((resolve) => {
    server.once('exit', resolve)
    server.kill('SIGTERM')
  })
}

// Runs in the page, before its own scripts: notes the frame after the one in which all charts stand. While the page is
// being read all of it is hidden.
function watch(charts) {
  const look = () => {
    const found = [...document.querySelectorAll('[data-chart][data-drawn]')]
    const stand = found.length >= charts && found.every((chart) => chart.checkVisibility())
    requestAnimationFrame(stand ? () => (window.drawnAt = performance.now()) : look)
  }
  requestAnimationFrame(look)
}

async function measure(page, kind) {
  await page.goto(url, { waitUntil: 'networkidle' })
  const [drawn, shown] = await page.evaluate(() => [window.drawnAt, performance.getEntriesByName('first-contentful-paint')[0].startTime])
  figures[kind].push(drawn)
  figures[`${kind}_shown`].push(shown)
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const figures = { cold: [], cold_shown: [], warm: [], warm_shown: [], script_kb: 0, html_kb: 0, cls: {} }
const headers = { Authorization: `Bearer ${token}` }
for (let run = 0; run < Number(runs); run += 1) {
  rmSync(`${dataDir}/results`, { recursive: true, force: true })
  const server = await serve()
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const context = await browser.newContext({ viewport: { width: 1440, height: 1900 }, extraHTTPHeaders: headers })
  const page = await context.newPage()
  await page.addInitScript(watch, CHARTS)
  await measure(page, 'cold')
  if (run === 0) {
    const scripts = await page.evaluate(() => performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('.js')).map((entry) => entry.encodedBodySize))
    figures.script_kb = scripts.reduce((sum, size) => sum + size, 0) / 1000
    figures.html_kb = gzipSync(await (await fetch(url, { headers })).text()).length / 1000
  }
  await page.goto('about:blank')
  await measure(page, 'warm')
  await context.close()
  if (run === Number(runs) - 1) {
    for (const width of [1440, 1024, 390]) {
      const narrow = await browser.newContext({ viewport: { width, height: 900 }, extraHTTPHeaders: headers })
      const view = await narrow.newPage()
      await view.addInitScript(() => {
        window.shift = 0
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shift += entry.value))).observe({ type: 'layout-shift', buffered: true })
      })
      await view.goto(url, { waitUntil: 'networkidle' })
      figures.cls[width] = await view.evaluate(() => window.shift)
      await narrow.close()
    }
  }
  await stop(server)
}
await browser.close()
console.log(JSON.stringify(figures))
