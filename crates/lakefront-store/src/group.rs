use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ulid::Ulid;

use crate::{
    Person, Result, Scope, Store, StoreError, audit, column,
    connection::Tx,
    entity::{budget, group, group_member, user},
    error::conflict,
    user::find as find_user,
};

const NOT_FOUND: StoreError = StoreError::NotFound("group");
/// People of one group.
const MOST_MEMBERS: usize = 10_000;

/// People who have a budget together, and whose statements may take another engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    pub id: Ulid,
    /// Unique without regard to case.
    pub name: String,
    /// By name.
    pub members: Vec<Person>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    pub name: String,
    #[serde(default)]
    pub members: BTreeSet<Ulid>,
}

/// What to change; what is absent stays. Members are all of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<BTreeSet<Ulid>>,
}

impl Store {
    /// Administrators; by name.
    pub async fn groups(&self, scope: &Scope) -> Result<Vec<Group>> {
        scope.must_administer()?;
        reading!(self, |tx| {
            let rows = group::Entity::find().order_by_asc(group::Column::NameKey).all(tx).await?;
            let mut members: HashMap<String, Vec<Person>> = HashMap::new();
            for (group, person) in members_of(tx, None).await? {
                members.entry(group).or_default().push(person);
            }
            rows.iter().map(|row| Group::from_row(row, members.remove(&row.id).unwrap_or_default())).collect()
        })
    }

    /// Administrators.
    pub async fn group(&self, scope: &Scope, id: Ulid) -> Result<Group> {
        scope.must_administer()?;
        reading!(self, |tx| whole(tx, &find(tx, id).await?).await)
    }

    /// Administrators. A taken name is a `Conflict`, someone unknown among the members `NotFound`.
    pub async fn create_group(&self, scope: &Scope, new: NewGroup) -> Result<Group> {
        scope.must_administer()?;
        let name = valid_name(&new.name)?;
        let now = self.now_ms();
        let name_key = name.to_lowercase();
        let row = group::Model { id: self.new_id().to_string(), name, name_key, created_at: now, updated_at: now };
        writing!(self, |tx| {
            let insert = group::Entity::insert(row.clone().into_active_model());
            insert.exec_without_returning(tx).await.map_err(taken)?;
            put_members(tx, &row.id, &new.members).await?;
            audit::append(self, tx, scope, "group.create", &row.id, json!(new)).await?;
            whole(tx, &row).await
        })
    }

    /// Administrators; what counts for a member counts from the next statement on.
    pub async fn update_group(&self, scope: &Scope, id: Ulid, change: GroupChange) -> Result<Group> {
        scope.must_administer()?;
        let name = change.name.as_deref().map(valid_name).transpose()?;
        writing!(self, |tx| {
            let mut row = find(tx, id).await?;
            if let Some(name) = &name {
                (row.name, row.name_key) = (name.clone(), name.to_lowercase());
            }
            row.updated_at = self.now_ms();
            let update = group::Entity::update(row.clone().into_active_model().reset_all());
            update.exec(tx).await.map_err(taken)?;
            if let Some(members) = &change.members {
                put_members(tx, &row.id, members).await?;
            }
            audit::append(self, tx, scope, "group.update", &row.id, json!(change)).await?;
            whole(tx, &row).await
        })
    }

    /// Administrators. One that has a budget is a `Conflict`.
    pub async fn delete_group(&self, scope: &Scope, id: Ulid) -> Result<()> {
        scope.must_administer()?;
        writing!(self, |tx| {
            let row = find(tx, id).await?;
            let budgets = budget::Entity::find()
                .filter(budget::Column::SubjectKind.eq("group"))
                .filter(budget::Column::Subject.eq(row.id.as_str()));
            if budgets.one(tx).await?.is_some() {
                return Err(StoreError::Conflict("this group has a budget; delete that first".into()));
            }
            put_members(tx, &row.id, &BTreeSet::new()).await?;
            group::Entity::delete_by_id(row.id.as_str()).exec(tx).await?;
            audit::append(self, tx, scope, "group.delete", &row.id, json!({"name": row.name})).await
        })
    }
}

impl Group {
    fn from_row(row: &group::Model, members: Vec<Person>) -> Result<Self> {
        Ok(Self {
            id: column::id(&row.id)?,
            name: row.name.clone(),
            members,
            created_at: column::time(row.created_at),
            updated_at: column::time(row.updated_at),
        })
    }
}

/// The groups of someone: ids and names, by name.
pub(crate) async fn groups_of(tx: &Tx, user: &str) -> Result<Vec<(Ulid, String)>> {
    let memberships = group_member::Entity::find().filter(group_member::Column::UserId.eq(user)).all(tx).await?;
    if memberships.is_empty() {
        return Ok(Vec::new());
    }
    let ids = memberships.into_iter().map(|membership| membership.group_id);
    let groups = group::Entity::find().filter(group::Column::Id.is_in(ids)).order_by_asc(group::Column::NameKey);
    groups.all(tx).await?.into_iter().map(|group| Ok((column::id(&group.id)?, group.name))).collect()
}

/// The ids of a group's members.
pub(crate) async fn member_ids(tx: &Tx, group: Ulid) -> Result<Vec<String>> {
    let members = group_member::Entity::find().filter(group_member::Column::GroupId.eq(group.to_string()));
    Ok(members.all(tx).await?.into_iter().map(|member| member.user_id).collect())
}

pub(crate) async fn find(tx: &Tx, id: Ulid) -> Result<group::Model> {
    group::Entity::find_by_id(id.to_string()).one(tx).await?.ok_or(NOT_FOUND)
}

async fn whole(tx: &Tx, row: &group::Model) -> Result<Group> {
    let members = members_of(tx, Some(&row.id)).await?;
    Group::from_row(row, members.into_iter().map(|(_, person)| person).collect())
}

/// Members, of all groups or of one, each with the group's id; by name.
async fn members_of(tx: &Tx, group: Option<&str>) -> Result<Vec<(String, Person)>> {
    let mut memberships = group_member::Entity::find();
    if let Some(group) = group {
        memberships = memberships.filter(group_member::Column::GroupId.eq(group));
    }
    let memberships = memberships.all(tx).await?;
    let ids: BTreeSet<&str> = memberships.iter().map(|membership| membership.user_id.as_str()).collect();
    let people = user::Entity::find().filter(user::Column::Id.is_in(ids)).all(tx).await?;
    let people: HashMap<&str, &user::Model> = people.iter().map(|person| (person.id.as_str(), person)).collect();
    let mut members = Vec::new();
    for membership in &memberships {
        let Some(person) = people.get(membership.user_id.as_str()) else { continue };
        members.push((membership.group_id.clone(), Person { id: column::id(&person.id)?, name: person.name.clone() }));
    }
    members.sort_by_cached_key(|(_, person)| (person.name.to_lowercase(), person.id));
    Ok(members)
}

async fn put_members(tx: &Tx, group: &str, members: &BTreeSet<Ulid>) -> Result<()> {
    if members.len() > MOST_MEMBERS {
        let message = format!("a group has {MOST_MEMBERS} members at most");
        return Err(StoreError::Invalid { field: "members", message });
    }
    group_member::Entity::delete_many().filter(group_member::Column::GroupId.eq(group)).exec(tx).await?;
    for member in members {
        let user_id = find_user(tx, *member).await?.id;
        let row = group_member::Model { group_id: group.to_owned(), user_id };
        group_member::Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    }
    Ok(())
}

fn taken(error: sea_orm::DbErr) -> StoreError {
    conflict(error, "there is a group of this name already")
}

fn valid_name(name: &str) -> Result<String> {
    column::text("name", name, 1, 100)
}
