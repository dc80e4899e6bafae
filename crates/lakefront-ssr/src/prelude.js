// The web functions that React and the router expect of their host, as far as drawing a page needs them.
// Evaluates to a function: takes the host's functions, sets the globals, gives the host its hooks.
({ log, now, encode }) => {
  const define = (members) => Object.assign(globalThis, members)

  // --- console ---------------------------------------------------------------------------------------------------
  const text = (value) => {
    if (value instanceof Error) return `${value}\n${value.stack ?? ''}`
    if (typeof value !== 'object' || value === null) return String(value)
    try {
      return JSON.stringify(value)
    } catch {
      return String(value)
    }
  }
  const logger = (level) => (...values) => log(level, values.map(text).join(' '))
  define({
    console: {
      debug: logger('debug'),
      log: logger('info'),
      info: logger('info'),
      warn: logger('warn'),
      error: logger('error'),
      trace: logger('debug'),
      assert: (condition, ...values) => condition || logger('error')('Assertion failed:', ...values),
      group() {},
      groupCollapsed() {},
      groupEnd() {},
      time() {},
      timeEnd() {},
    },
    performance: { now, timeOrigin: 0, mark() {}, measure() {} },
    queueMicrotask: (job) => void Promise.resolve().then(job),
  })

  // --- timers: virtual time ---------------------------------------------------------------------------------------
  // Nobody waits: when no promise job is left, the host fires the timer that is due next, whenever that would be.
  const timers = new Map()
  let lastTimer = 0
  let virtualNow = 0
  const addTimer = (callback, delay, values, every) => {
    const id = ++lastTimer
    timers.set(id, { at: virtualNow + Math.max(0, Number(delay) || 0), callback, values, every })
    return id
  }
  const clearTimer = (id) => void timers.delete(id)
  const fireNext = () => {
    let id
    let due
    for (const [candidate, timer] of timers) if (!due || timer.at < due.at) [id, due] = [candidate, timer]
    if (!due) return false
    virtualNow = due.at
    if (due.every === undefined) timers.delete(id)
    else due.at += Math.max(1, due.every)
    due.callback(...due.values)
    return true
  }
  define({
    setTimeout: (callback, delay, ...values) => addTimer(callback, delay, values),
    setImmediate: (callback, ...values) => addTimer(callback, 0, values),
    setInterval: (callback, delay, ...values) => addTimer(callback, delay, values, Number(delay) || 0),
    clearTimeout: clearTimer,
    clearImmediate: clearTimer,
    clearInterval: clearTimer,
  })

  // --- text <-> bytes ---------------------------------------------------------------------------------------------
  const bytesOf = (input) => {
    if (input === undefined) return new Uint8Array()
    if (input instanceof Uint8Array) return input
    if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    return new Uint8Array(input)
  }
  const latin1 = (bytes) => {
    let all = ''
    for (let i = 0; i < bytes.length; i += 8192) all += String.fromCharCode.apply(null, bytes.subarray(i, i + 8192))
    return all
  }
  // Length of a character that begins at the end of `bytes` and is not complete yet.
  const incompleteTail = (bytes) => {
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back]
      if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0
      if (byte < 0x80) return 0
    }
    return 0
  }
  const decodeLossy = (bytes) => {
    let all = ''
    for (let i = 0; i < bytes.length; ) {
      const length = bytes[i] < 0x80 ? 1 : bytes[i] >= 0xf0 ? 4 : bytes[i] >= 0xe0 ? 3 : 2
      try {
        all += decodeURIComponent(escape(latin1(bytes.subarray(i, i + length))))
        i += length
      } catch {
        all += '\ufffd'
        i++
      }
    }
    return all
  }
  // `escape` and `decodeURIComponent` are native: much faster than a loop over the bytes.
  const decode = (bytes) => {
    const raw = latin1(bytes)
    if (!/[\x80-\xff]/.test(raw)) return raw
    try {
      return decodeURIComponent(escape(raw))
    } catch {
      return decodeLossy(bytes)
    }
  }
  define({
    TextEncoder: class TextEncoder {
      encoding = 'utf-8'
      encode(input = '') {
        return encode(String(input))
      }
      encodeInto(input, target) {
        const source = String(input)
        let read = 0
        let written = 0
        for (const character of source) {
          const bytes = encode(character)
          if (written + bytes.length > target.length) break
          target.set(bytes, written)
          read += character.length
          written += bytes.length
        }
        return { read, written }
      }
    },
    TextDecoder: class TextDecoder {
      encoding = 'utf-8'
      #held = new Uint8Array()
      decode(input, { stream = false } = {}) {
        let bytes = bytesOf(input)
        if (this.#held.length) {
          const joined = new Uint8Array(this.#held.length + bytes.length)
          joined.set(this.#held)
          joined.set(bytes, this.#held.length)
          bytes = joined
        }
        const tail = stream ? incompleteTail(bytes) : 0
        this.#held = bytes.slice(bytes.length - tail)
        return decode(bytes.subarray(0, bytes.length - tail))
      }
    },
  })

  // --- events and aborting ----------------------------------------------------------------------------------------
  class AbortSignal {
    aborted = false
    reason = undefined
    onabort = null
    #listeners = new Set()
    addEventListener(type, listener) {
      if (type === 'abort') this.#listeners.add(listener)
    }
    removeEventListener(type, listener) {
      if (type === 'abort') this.#listeners.delete(listener)
    }
    throwIfAborted() {
      if (this.aborted) throw this.reason
    }
    static abort(reason) {
      const controller = new AbortController()
      controller.abort(reason)
      return controller.signal
    }
    static fire(signal, reason = Object.assign(new Error('This operation was aborted'), { name: 'AbortError' })) {
      if (signal.aborted) return
      signal.aborted = true
      signal.reason = reason
      const event = { type: 'abort', target: signal }
      signal.onabort?.(event)
      for (const listener of signal.#listeners) (listener.handleEvent ?? listener).call(signal, event)
    }
  }
  const { fire } = AbortSignal
  delete AbortSignal.fire
  class AbortController {
    signal = new AbortSignal()
    abort(reason) {
      fire(this.signal, reason)
    }
  }
  define({ AbortController, AbortSignal })

  // --- addresses --------------------------------------------------------------------------------------------------
  const decodeComponent = (part) => {
    const spaced = part.replace(/\+/g, ' ')
    try {
      return decodeURIComponent(spaced)
    } catch {
      return spaced
    }
  }
  const encodeComponent = (part) =>
    encodeURIComponent(part)
      .replace(/%20/g, '+')
      .replace(/[!'()~]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase())
  class URLSearchParams {
    #pairs = []
    #changed
    constructor(init = '', changed = () => {}) {
      this.#changed = changed
      if (typeof init === 'object') {
        const pairs = Symbol.iterator in init ? init : Object.entries(init)
        for (const [name, value] of pairs) this.#pairs.push([String(name), String(value)])
      } else {
        for (const pair of String(init).replace(/^\?/, '').split('&')) {
          if (!pair) continue
          const at = pair.indexOf('=')
          const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
          this.#pairs.push([decodeComponent(name), decodeComponent(value)])
        }
      }
    }
    get size() {
      return this.#pairs.length
    }
    get(name) {
      return this.#pairs.find((pair) => pair[0] === name)?.[1] ?? null
    }
    getAll(name) {
      return this.#pairs.filter((pair) => pair[0] === name).map((pair) => pair[1])
    }
    has(name, value) {
      return this.#pairs.some((pair) => pair[0] === name && (value === undefined || pair[1] === String(value)))
    }
    append(name, value) {
      this.#pairs.push([String(name), String(value)])
      this.#changed()
    }
    set(name, value) {
      const first = this.#pairs.find((pair) => pair[0] === name)
      if (!first) return this.append(name, value)
      first[1] = String(value)
      this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== name)
      this.#changed()
    }
    delete(name, value) {
      this.#pairs = this.#pairs.filter((pair) => pair[0] !== name || (value !== undefined && pair[1] !== String(value)))
      this.#changed()
    }
    sort() {
      this.#pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
      this.#changed()
    }
    forEach(callback, self) {
      for (const [name, value] of this.#pairs) callback.call(self, value, name, this)
    }
    *entries() {
      for (const [name, value] of this.#pairs) yield [name, value]
    }
    *keys() {
      for (const [name] of this.#pairs) yield name
    }
    *values() {
      for (const [, value] of this.#pairs) yield value
    }
    [Symbol.iterator]() {
      return this.entries()
    }
    toString() {
      return this.#pairs.map(([name, value]) => `${encodeComponent(name)}=${encodeComponent(value)}`).join('&')
    }
  }

  // Absolute addresses with an authority (`https://host/…`), and references relative to one.
  const ADDRESS = /^([a-z][a-z0-9+.-]*:)\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i
  const DEFAULT_PORTS = { 'http:': '80', 'https:': '443', 'ws:': '80', 'wss:': '443' }
  const withoutDots = (path) => {
    const kept = []
    const segments = path.split('/')
    segments.forEach((segment, i) => {
      const last = i === segments.length - 1
      if (segment === '..') {
        if (kept.length > 1) kept.pop()
        if (last) kept.push('')
      } else if (segment === '.') {
        if (last) kept.push('')
      } else kept.push(segment)
    })
    return kept.join('/')
  }
  const absolute = (reference, base) => {
    if (ADDRESS.test(reference)) return reference
    if (base === undefined) throw new TypeError(`Invalid URL: ${reference}`)
    const { protocol, origin, pathname, search } = new URL(String(base))
    if (reference.startsWith('//')) return protocol + reference
    if (reference.startsWith('/')) return origin + reference
    if (reference.startsWith('?')) return origin + pathname + reference
    if (reference.startsWith('#') || reference === '') return origin + pathname + search + reference
    return origin + pathname.replace(/[^/]*$/, '') + reference
  }
  class URL {
    constructor(reference, base) {
      const [, protocol, authority, path, search = '', hash = ''] = ADDRESS.exec(absolute(String(reference).trim(), base))
      const at = authority.lastIndexOf('@')
      const [username = '', password = ''] = at < 0 ? [] : authority.slice(0, at).split(':')
      const [, hostname, port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority.slice(at + 1)) ?? []
      if (hostname === undefined) throw new TypeError(`Invalid URL: ${reference}`)
      this.protocol = protocol.toLowerCase()
      this.username = username
      this.password = password
      this.hostname = hostname.toLowerCase()
      this.port = port === DEFAULT_PORTS[this.protocol] ? '' : port
      this.pathname = withoutDots(path || '/').replace(/ /g, '%20')
      this.hash = hash === '#' ? '' : hash
      this.search = search
    }
    static canParse(reference, base) {
      try {
        return Boolean(new URL(reference, base))
      } catch {
        return false
      }
    }
    #search = ''
    #params
    get search() {
      return this.#search
    }
    set search(value) {
      const query = String(value).replace(/^\?/, '')
      this.#search = query && '?' + query.replace(/ /g, '%20')
      this.#params = new URLSearchParams(query, () => {
        const changed = String(this.#params)
        this.#search = changed && '?' + changed
      })
    }
    get searchParams() {
      return this.#params
    }
    get host() {
      return this.port ? `${this.hostname}:${this.port}` : this.hostname
    }
    get origin() {
      return `${this.protocol}//${this.host}`
    }
    get href() {
      const user = this.username && `${this.username}${this.password && ':' + this.password}@`
      return `${this.protocol}//${user}${this.host}${this.pathname}${this.search}${this.hash}`
    }
    toString() {
      return this.href
    }
    toJSON() {
      return this.href
    }
  }
  define({ URL, URLSearchParams })

  // --- streams and answers ----------------------------------------------------------------------------------------
  // One reader, no back pressure beyond "a read asks once": what React's renderer needs.
  class ReadableStream {
    #chunks = []
    #waiting = []
    #state = 'open'
    #error
    #source
    #controller
    locked = false
    constructor(source = {}) {
      const stream = this
      this.#source = source
      this.#controller = {
        byobRequest: null,
        get desiredSize() {
          return stream.#state === 'open' ? 1 - stream.#chunks.length : 0
        },
        enqueue(value) {
          if (stream.#state !== 'open') throw new TypeError('The stream is closed')
          const reader = stream.#waiting.shift()
          if (reader) reader.resolve({ done: false, value })
          else stream.#chunks.push(value)
        },
        close() {
          stream.#state = 'closed'
          for (const reader of stream.#waiting.splice(0)) reader.resolve({ done: true, value: undefined })
        },
        error(error) {
          stream.#state = 'errored'
          stream.#error = error
          for (const reader of stream.#waiting.splice(0)) reader.reject(error)
        },
      }
      source.start?.(this.#controller)
    }
    #read() {
      if (this.#state === 'errored') return Promise.reject(this.#error)
      if (this.#chunks.length) return Promise.resolve({ done: false, value: this.#chunks.shift() })
      if (this.#state === 'closed') return Promise.resolve({ done: true, value: undefined })
      return new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject })
        Promise.resolve()
          .then(() => this.#source.pull?.(this.#controller))
          .catch((error) => this.#controller.error(error))
      })
    }
    cancel(reason) {
      this.#chunks = []
      if (this.#state === 'open') this.#controller.close()
      return Promise.resolve(this.#source.cancel?.(reason))
    }
    getReader() {
      if (this.locked) throw new TypeError('The stream has a reader already')
      this.locked = true
      return {
        read: () => this.#read(),
        cancel: (reason) => this.cancel(reason),
        releaseLock: () => void (this.locked = false),
      }
    }
    async *[Symbol.asyncIterator]() {
      const reader = this.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return
        yield value
      }
    }
  }

  class Headers {
    #values = new Map()
    constructor(init) {
      if (!init) return
      const pairs = Symbol.iterator in init ? init : Object.entries(init)
      for (const [name, value] of pairs) this.append(name, value)
    }
    get(name) {
      return this.#values.get(name.toLowerCase()) ?? null
    }
    has(name) {
      return this.#values.has(name.toLowerCase())
    }
    set(name, value) {
      this.#values.set(name.toLowerCase(), String(value))
    }
    append(name, value) {
      const before = this.get(name)
      this.set(name, before === null ? value : `${before}, ${value}`)
    }
    delete(name) {
      this.#values.delete(name.toLowerCase())
    }
    forEach(callback) {
      this.#values.forEach((value, name) => callback(value, name, this))
    }
    entries() {
      return this.#values.entries()
    }
    keys() {
      return this.#values.keys()
    }
    values() {
      return this.#values.values()
    }
    [Symbol.iterator]() {
      return this.entries()
    }
  }

  class Response {
    constructor(body = null, { status = 200, statusText = '', headers } = {}) {
      this.body = body
      this.status = status
      this.statusText = statusText
      this.headers = new Headers(headers)
    }
    get ok() {
      return this.status >= 200 && this.status < 300
    }
    async text() {
      return this.body === null ? '' : String(this.body)
    }
    async json() {
      return JSON.parse(await this.text())
    }
    static redirect(url, status = 302) {
      return new Response(null, { status, headers: { location: String(url) } })
    }
    static json(value, init) {
      return new Response(JSON.stringify(value), init)
    }
  }
  define({ ReadableStream, Headers, Response })

  return {
    fireNext,
    // A renderer may leave timers behind; kept, they would grow from page to page.
    reset: () => timers.clear(),
  }
}
