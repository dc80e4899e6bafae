//! Walks through the tree of a statement.
//!
//! The walk that `sqlparser` derives is compiled anew for each type of visitor, with every type of the tree. All
//! visitors therefore go through one type for reading and one for changing.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, ObjectName, Query, Select, TableFactor, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};

use crate::SyntaxError;

/// Why a walk ends before its end.
pub(crate) enum Stop {
    Found,
    Refused(SyntaxError),
}

pub(crate) type Step = ControlFlow<Stop>;

const ON: Step = ControlFlow::Continue(());

pub(crate) trait Reader {
    fn pre_query(&mut self, _: &Query) -> Step {
        ON
    }
    fn pre_select(&mut self, _: &Select) -> Step {
        ON
    }
    fn pre_relation(&mut self, _: &ObjectName) -> Step {
        ON
    }
    fn pre_table_factor(&mut self, _: &TableFactor) -> Step {
        ON
    }
    fn pre_expr(&mut self, _: &Expr) -> Step {
        ON
    }
    fn post_expr(&mut self, _: &Expr) -> Step {
        ON
    }
}

pub(crate) trait Changer {
    fn pre_query(&mut self, _: &mut Query) -> Step {
        ON
    }
    fn post_query(&mut self, _: &mut Query) -> Step {
        ON
    }
    fn pre_select(&mut self, _: &mut Select) -> Step {
        ON
    }
    fn pre_table_factor(&mut self, _: &mut TableFactor) -> Step {
        ON
    }
    fn pre_expr(&mut self, _: &mut Expr) -> Step {
        ON
    }
    fn post_expr(&mut self, _: &mut Expr) -> Step {
        ON
    }
    fn pre_value(&mut self, _: &mut ValueWithSpan) -> Step {
        ON
    }
}

pub(crate) fn read(tree: &impl Visit, reader: &mut dyn Reader) -> Step {
    tree.visit(&mut Reading(reader))
}

pub(crate) fn change(tree: &mut impl VisitMut, changer: &mut dyn Changer) -> Step {
    tree.visit(&mut Changing(changer))
}

pub(crate) fn or_refusal(step: Step) -> Result<(), SyntaxError> {
    match step {
        ControlFlow::Break(Stop::Refused(error)) => Err(error),
        _ => Ok(()),
    }
}

/// Whether one of the expressions within an expression, itself among them, is of a kind.
pub fn has_expression(tree: &Expr, is: impl FnMut(&Expr) -> bool) -> bool {
    read(tree, &mut Expressions(is)).is_break()
}

pub(crate) fn has_lambda(tree: &Expr) -> bool {
    has_expression(tree, |expr| matches!(expr, Expr::Lambda(_)))
}

/// How often tables are named in a query, common ones and those of subqueries too.
pub fn count_relations(tree: &Query, is: impl FnMut(&ObjectName) -> bool) -> usize {
    let mut relations = Relations { is, count: 0 };
    let _ = read(tree, &mut relations);
    relations.count
}

struct Reading<'a>(&'a mut dyn Reader);

impl Visitor for Reading<'_> {
    type Break = Stop;

    fn pre_visit_query(&mut self, query: &Query) -> Step {
        self.0.pre_query(query)
    }
    fn pre_visit_select(&mut self, select: &Select) -> Step {
        self.0.pre_select(select)
    }
    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Step {
        self.0.pre_relation(relation)
    }
    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Step {
        self.0.pre_table_factor(factor)
    }
    fn pre_visit_expr(&mut self, expr: &Expr) -> Step {
        self.0.pre_expr(expr)
    }
    fn post_visit_expr(&mut self, expr: &Expr) -> Step {
        self.0.post_expr(expr)
    }
}

struct Changing<'a>(&'a mut dyn Changer);

impl VisitorMut for Changing<'_> {
    type Break = Stop;

    fn pre_visit_query(&mut self, query: &mut Query) -> Step {
        self.0.pre_query(query)
    }
    fn post_visit_query(&mut self, query: &mut Query) -> Step {
        self.0.post_query(query)
    }
    fn pre_visit_select(&mut self, select: &mut Select) -> Step {
        self.0.pre_select(select)
    }
    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> Step {
        self.0.pre_table_factor(factor)
    }
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Step {
        self.0.pre_expr(expr)
    }
    fn post_visit_expr(&mut self, expr: &mut Expr) -> Step {
        self.0.post_expr(expr)
    }
    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> Step {
        self.0.pre_value(value)
    }
}

struct Expressions<F>(F);

impl<F: FnMut(&Expr) -> bool> Reader for Expressions<F> {
    fn pre_expr(&mut self, expr: &Expr) -> Step {
        if (self.0)(expr) { ControlFlow::Break(Stop::Found) } else { ON }
    }
}

struct Relations<F> {
    is: F,
    count: usize,
}

impl<F: FnMut(&ObjectName) -> bool> Reader for Relations<F> {
    fn pre_relation(&mut self, relation: &ObjectName) -> Step {
        self.count += usize::from((self.is)(relation));
        ON
    }
}
