//! One QuickJS runtime with the bundle loaded.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Function, Object, Persistent, Promise, Runtime, TypedArray, Value,
    context::EvalOptions,
};

use crate::{SsrError, SsrLimits, SsrPage};

const PRELUDE: &str = include_str!("prelude.js");

/// Reading the bundle is not part of anybody's page, so it has its own, generous limit.
const LOAD_DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Engine {
    // JavaScript values go before the runtime that owns them: fields drop in this order.
    hooks: Hooks,
    context: Context,
    runtime: Runtime,
    deadline: Rc<Cell<Option<Instant>>>,
}

/// What the prelude gives its host.
struct Hooks {
    /// Fires the timer due next; `false` when there is none.
    fire_next: Persistent<Function<'static>>,
    /// Forgets all timers.
    reset: Persistent<Function<'static>>,
}

impl Engine {
    pub(crate) fn load(bundle: &str, limits: &SsrLimits) -> Result<Self, SsrError> {
        let runtime = Runtime::new().map_err(engine_error)?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(limits.js_stack);
        // The engine does not collect when it meets its memory limit: collect well before.
        runtime.set_gc_threshold(limits.memory / 8);
        let deadline = Rc::new(Cell::new(Some(Instant::now() + LOAD_DEADLINE)));
        let watched = deadline.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || watched.get().is_some_and(|end| Instant::now() > end))));
        let context = Context::full(&runtime).map_err(engine_error)?;

        let hooks = context.with(|ctx| {
            let late = || deadline.get().is_some_and(|end| Instant::now() > end);
            let hooks = install_prelude(&ctx).catch(&ctx).map_err(|error| script_error(&error, late()))?;
            let options = script("entry-server.js");
            ctx.eval_with_options::<(), _>(bundle, options)
                .catch(&ctx)
                .map_err(|error| script_error(&error, late()))?;
            while ctx.execute_pending_job() {}
            Ok(hooks)
        })?;
        deadline.set(None);
        Ok(Self { hooks, context, runtime, deadline })
    }

    /// Draws one page; the engine is fit for the next one unless the error is [`unfit_after`].
    pub(crate) fn render(&self, input: &str, deadline: Instant) -> Result<SsrPage, SsrError> {
        self.deadline.set(Some(deadline));
        let answer = self.context.with(|ctx| self.call(&ctx, input, deadline));
        // Resetting is the host's work: it may not fail for want of time.
        self.deadline.set(None);
        self.context.with(|ctx| {
            let reset = self.hooks.reset.clone().restore(&ctx).map_err(engine_error)?;
            reset.call::<_, ()>(()).catch(&ctx).map_err(|error| script_error(&error, false))
        })?;
        let page = answer?;
        // React's mark of a boundary whose content threw: the page would be sent with a hole in it.
        if page.html.contains("<!--$!-->") {
            return Err(SsrError::Js("a component failed while the page was drawn".into()));
        }
        Ok(page)
    }

    /// Frees what renders left behind.
    pub(crate) fn collect_garbage(&self) {
        self.runtime.run_gc();
    }

    fn call(&self, ctx: &Ctx<'_>, input: &str, deadline: Instant) -> Result<SsrPage, SsrError> {
        let late = || Instant::now() > deadline;
        let failed = |error: CaughtError<'_>| script_error(&error, late());
        let render: Function = ctx
            .globals()
            .get("render")
            .map_err(|_| SsrError::Engine("the bundle does not set globalThis.render".into()))?;
        let value: Value = render.call((input,)).catch(ctx).map_err(failed)?;
        let promise: Promise = match value.try_into_promise() {
            Ok(promise) => promise,
            Err(value) => return page(ctx, value),
        };
        let fire_next = self.hooks.fire_next.clone().restore(ctx).map_err(engine_error)?;
        loop {
            while ctx.execute_pending_job() {
                if late() {
                    return Err(SsrError::Timeout);
                }
            }
            if let Some(settled) = promise.result::<Value>() {
                return page(ctx, settled.catch(ctx).map_err(failed)?);
            }
            if late() {
                return Err(SsrError::Timeout);
            }
            if !fire_next.call::<_, bool>(()).catch(ctx).map_err(failed)? {
                return Err(SsrError::Deadlock);
            }
        }
    }
}

/// The page that `render` answered with, unless it says what went wrong.
fn page<'js>(ctx: &Ctx<'js>, answer: Value<'js>) -> Result<SsrPage, SsrError> {
    let read = || {
        let answer: Object = answer.get()?;
        let errors: Vec<String> = answer.get("errors")?;
        Ok((SsrPage { status: answer.get("status")?, html: answer.get("html")?, head: answer.get("head")? }, errors))
    };
    match read().catch(ctx) {
        Ok((page, errors)) if errors.is_empty() => Ok(page),
        Ok((_, errors)) => Err(SsrError::Js(errors.join("\n"))),
        Err(CaughtError::Error(rquickjs::Error::Allocation)) => Err(SsrError::OutOfMemory),
        Err(error) => Err(SsrError::Js(format!("render() answered with something else than a page: {error}"))),
    }
}

/// Whether an engine should be replaced after this error: it may hold half-done work or a full heap.
pub(crate) fn unfit_after(error: &SsrError) -> bool {
    matches!(error, SsrError::Timeout | SsrError::OutOfMemory | SsrError::Engine(_))
}

fn install_prelude(ctx: &Ctx<'_>) -> rquickjs::Result<Hooks> {
    let host = Object::new(ctx.clone())?;
    host.set("log", Function::new(ctx.clone(), log)?)?;
    let start = Instant::now();
    host.set("now", Function::new(ctx.clone(), move || start.elapsed().as_secs_f64() * 1e3)?)?;
    host.set("encode", Function::new(ctx.clone(), encode)?)?;
    let prelude: Function = ctx.eval_with_options(PRELUDE, script("prelude.js"))?;
    let hooks: Object = prelude.call((host,))?;
    let fire_next: Function = hooks.get("fireNext")?;
    let reset: Function = hooks.get("reset")?;
    Ok(Hooks { fire_next: Persistent::save(ctx, fire_next), reset: Persistent::save(ctx, reset) })
}

fn script(name: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.filename = Some(name.into());
    options.strict = false;
    options
}

fn log(level: String, message: String) {
    match level.as_str() {
        "error" => tracing::error!(target: "lakefront_ssr::script", "{message}"),
        "warn" => tracing::warn!(target: "lakefront_ssr::script", "{message}"),
        "info" => tracing::info!(target: "lakefront_ssr::script", "{message}"),
        _ => tracing::debug!(target: "lakefront_ssr::script", "{message}"),
    }
}

fn encode(ctx: Ctx<'_>, text: String) -> rquickjs::Result<TypedArray<'_, u8>> {
    TypedArray::new_copy(ctx, text.as_bytes())
}

fn engine_error(error: rquickjs::Error) -> SsrError {
    match error {
        rquickjs::Error::Allocation => SsrError::OutOfMemory,
        error => SsrError::Engine(error.to_string()),
    }
}

fn script_error(error: &CaughtError<'_>, late: bool) -> SsrError {
    match error {
        // An interrupted script ends with an exception that it can't catch.
        _ if late => SsrError::Timeout,
        CaughtError::Exception(exception) => {
            let message = exception.message().unwrap_or_default();
            if message == "out of memory" {
                return SsrError::OutOfMemory;
            }
            SsrError::Js(format!("{message}\n{}", exception.stack().unwrap_or_default()).trim_end().to_owned())
        }
        // With no memory left for an error object, the engine throws null.
        CaughtError::Value(value) if value.is_null() => SsrError::OutOfMemory,
        CaughtError::Value(value) => SsrError::Js(format!("{value:?} was thrown")),
        CaughtError::Error(rquickjs::Error::Allocation) => SsrError::OutOfMemory,
        CaughtError::Error(error) => SsrError::Engine(error.to_string()),
    }
}
