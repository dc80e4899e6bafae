//! What the operating system keeps from a worker.
//!
//! At start: no new privileges, no core files, death with the parent, few open files, a lower priority than the
//! process that serves people, and (Landlock, where the kernel has it) no writing but in the worker's own folder, no
//! executing and no listening. With its first job: no reading but below the folders that hold tables, and the few
//! system files that name resolution and TLS need. Per job: memory and file size.
//!
//! Memory is limited by `RLIMIT_DATA`. Unlike `RLIMIT_AS` it counts private writable pages only: not the program's
//! text, nor the address space that the allocator reserves for its arenas and never touches.

use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError,
};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, nice, set_parent_process_death_signal, setrlimit};
use rustix::thread::set_no_new_privs;

use crate::pool::CERTIFICATES;

/// Newest set of rights that the rules below were written for; older kernels enforce what they know of it.
const LANDLOCK: ABI = ABI::V5;
const OPEN_FILES: u64 = 4096;
const NICENESS: i32 = 5;

/// Room beside a job's own memory: the program's data, threads' stacks, cached footers and tables, and frames on
/// their way out.
pub(super) const MEMORY_BESIDE_JOB: u64 = 320 << 20;
/// Room for the writer's rounding beside a job's own spill limit.
const FILE_SIZE_BESIDE_JOB: u64 = 64 << 20;

/// System files and folders that resolving a name and checking a certificate read.
const SYSTEM: [&str; 12] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/lib",
    "/lib",
    "/lib64",
];

/// Confines the calling thread and all it will start. Errors come from rights that every Linux has.
pub(super) fn at_start() -> io::Result<()> {
    set_no_new_privs(true)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, OPEN_FILES)?;
    nice(NICENESS)?;
    note(write_only_below(Path::new(".")));
    Ok(())
}

/// Forbids reading outside the folders.
pub(super) fn to_roots(roots: &[PathBuf]) {
    note(read_only_below(roots));
}

/// Sets what the next job may use.
pub(super) fn for_job(memory_bytes: u64, spill_bytes: u64) -> io::Result<()> {
    limit(Resource::Data, memory_bytes.saturating_add(MEMORY_BESIDE_JOB))?;
    limit(Resource::Fsize, spill_bytes.saturating_add(FILE_SIZE_BESIDE_JOB))
}

/// Sets the soft limit, as far as the hard one allows.
fn limit(resource: Resource, value: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let current = Some(maximum.map_or(value, |maximum| value.min(maximum)));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}

fn write_only_below(folder: &Path) -> Result<(), RulesetError> {
    let handled = AccessFs::from_write(LANDLOCK) | AccessFs::Execute;
    let own = AccessFs::WriteFile
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Truncate;
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(handled)?
        .handle_access(AccessNet::BindTcp)?
        .create()?;
    allow(rules, [folder], own)?.restrict_self()?;
    Ok(())
}

fn read_only_below(roots: &[PathBuf]) -> Result<(), RulesetError> {
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(read)?.create()?;
    let readable = SYSTEM.iter().map(Path::new).chain([Path::new("."), Path::new("/proc/self")]);
    let certificates: Vec<PathBuf> = CERTIFICATES.iter().filter_map(std::env::var_os).map(PathBuf::from).collect();
    let given = roots.iter().chain(&certificates).map(PathBuf::as_path);
    allow(rules, readable.chain(given), read)?.restrict_self()?;
    Ok(())
}

/// Adds a rule per path that exists; one that does not has nothing to allow.
fn allow<'a>(
    mut rules: landlock::RulesetCreated,
    paths: impl IntoIterator<Item = &'a Path>,
    access: BitFlags<AccessFs>,
) -> Result<landlock::RulesetCreated, RulesetError> {
    for path in paths {
        let Ok(fd) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(LANDLOCK) };
        rules = rules.add_rule(PathBeneath::new(fd, access))?;
    }
    Ok(rules)
}

/// A kernel without Landlock is no error: the other walls stand. Its absence is told to the pool's log.
fn note(result: Result<(), RulesetError>) {
    use std::io::Write;
    if let Err(error) = result {
        let _ = writeln!(io::stderr(), "landlock is not in force: {error}");
    }
}
