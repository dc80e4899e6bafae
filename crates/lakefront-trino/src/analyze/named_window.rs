//! The `WINDOW` clause: its definitions stand where they are used.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr as Ast, NamedWindowDefinition, NamedWindowExpr, OrderByExpr, Select, SelectItem, WindowSpec, WindowType,
};

use super::folded;
use super::select::implicit_name;
use crate::error::{Code, Error, Result};
use crate::tree::{self, Changer, Step, Stop};

/// The same query with the definitions of its `WINDOW` clause where they are used.
pub(super) fn with_windows(select: &Select, given: &[OrderByExpr]) -> Result<(Select, Vec<OrderByExpr>)> {
    /// Definitions that don't refer to others any more.
    struct Definitions {
        known: Vec<(String, WindowSpec)>,
        /// Queries around the place: those within know names of their own.
        depth: usize,
        refused: Option<Error>,
    }

    impl Definitions {
        fn find(&self, name: &sqlparser::ast::Ident) -> Result<WindowSpec> {
            let found = self.known.iter().find(|(known, _)| *known == folded(name));
            found.map(|(_, spec)| spec.clone()).ok_or_else(|| {
                let message = format!("Cannot resolve WINDOW name {}", name.value);
                Error::new(Code::InvalidWindowReference, message)
            })
        }

        fn complete(&self, mut spec: WindowSpec) -> Result<WindowSpec> {
            let Some(name) = spec.window_name.take() else { return Ok(spec) };
            let base = self.find(&name)?;
            let refuse = |code, message| Err(Error::new(code, message));
            if !spec.partition_by.is_empty() {
                let message = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY";
                return refuse(Code::InvalidPartitionBy, message);
            }
            if !spec.order_by.is_empty() && !base.order_by.is_empty() {
                let message = "Cannot specify ORDER BY if referenced named WINDOW has ORDER BY";
                return refuse(Code::InvalidOrderBy, message);
            }
            if base.window_frame.is_some() {
                let message = "Cannot reference named WINDOW containing frame specification";
                return refuse(Code::InvalidWindowReference, message);
            }
            spec.partition_by = base.partition_by;
            if spec.order_by.is_empty() {
                spec.order_by = base.order_by;
            }
            Ok(spec)
        }
    }

    impl Changer for Definitions {
        fn pre_query(&mut self, _: &mut sqlparser::ast::Query) -> Step {
            self.depth += 1;
            ControlFlow::Continue(())
        }

        fn post_query(&mut self, _: &mut sqlparser::ast::Query) -> Step {
            self.depth -= 1;
            ControlFlow::Continue(())
        }

        fn pre_expr(&mut self, expr: &mut Ast) -> Step {
            if self.depth > 0 {
                return ControlFlow::Continue(());
            }
            if let Ast::Function(function) = expr
                && let Some(over) = &mut function.over
            {
                let spec = match over {
                    WindowType::NamedWindow(name) => self.find(name),
                    WindowType::WindowSpec(spec) => self.complete(spec.clone()),
                };
                match spec {
                    Ok(spec) => *over = WindowType::WindowSpec(spec),
                    Err(error) => {
                        self.refused = Some(error);
                        return ControlFlow::Break(Stop::Found);
                    }
                }
            }
            ControlFlow::Continue(())
        }
    }

    let mut definitions = Definitions { known: Vec::new(), depth: 0, refused: None };
    for NamedWindowDefinition(name, definition) in &select.named_window {
        if definitions.known.iter().any(|(known, _)| *known == folded(name)) {
            let message = format!("WINDOW name {} specified twice", name.value);
            return Err(Error::new(Code::DuplicateWindowName, message));
        }
        let spec = match definition {
            NamedWindowExpr::NamedWindow(other) => definitions.find(other)?,
            NamedWindowExpr::WindowSpec(spec) => definitions.complete(spec.clone())?,
        };
        definitions.known.push((folded(name), spec));
    }
    // A definition reads the source, and an ORDER BY the result first.
    let texts: Vec<String> = definitions.known.iter().map(|(_, spec)| spec.to_string().to_lowercase()).collect();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let is_read = |name: &str| {
        let name = name.to_lowercase();
        let has = |text: &String| match name.chars().all(is_word) {
            true => text.split(|letter| !is_word(letter)).any(|word| word == name),
            false => text.contains(&name),
        };
        texts.iter().any(has)
    };
    let reads_output = select.projection.iter().any(|item| match item {
        SelectItem::Wildcard(_) | SelectItem::UnnamedExpr(Ast::Identifier(_)) => false,
        SelectItem::ExprWithAlias { expr: Ast::Identifier(name), alias } if folded(name) == folded(alias) => false,
        SelectItem::ExprWithAlias { alias, .. } => is_read(&alias.value),
        SelectItem::UnnamedExpr(ast) => implicit_name(ast).is_some_and(|name| is_read(&name)),
        _ => true,
    });
    let mut plain = select.clone();
    let mut order_by = given.to_vec();
    plain.named_window = Vec::new();
    if tree::change(&mut plain, &mut definitions).is_continue() {
        let _ = tree::change(&mut order_by, &mut definitions);
    }
    match definitions.refused {
        Some(error) => Err(error),
        None if reads_output && order_by != given => {
            Err(Error::not_here("ORDER BY a window of the WINDOW clause that is defined by a name of the result"))
        }
        None => Ok((plain, order_by)),
    }
}
