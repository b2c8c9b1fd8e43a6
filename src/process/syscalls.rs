//! System calls that a process gives up for good, by seccomp: what parsing a file never needs, and what reaches most of the kernel.
//! The only module that uses `seccompiler`.
//!
//! A list of what is denied, not of what is allowed: what a C library calls changes from one to the next, and files must be read by
//! all of them. Files, connections and other processes are denied by [`sandbox`](super::sandbox), too, where the kernel has that.

use std::io;

/// Whether there is a filter for this kind of machine. Elsewhere all system calls stay.
pub const HAS_FILTER: bool = cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")));

/// Denies to this thread, and to those that it starts from now on, sockets, other programs and processes, and the parts of the
/// kernel that are for whoever runs the machine. A call that is denied fails with `EPERM`. Nothing is denied where the kernel or
/// this kind of machine has no filter.
///
/// # Errors
/// If the system fails.
pub fn give_up() -> io::Result<()> {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    return filter::all()?.enter();
    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    Ok(())
}

/// What a program will be denied; made before the program is, since that allocates.
pub struct Filter {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    programs: Vec<seccompiler::BpfProgram>,
}

/// Denies sockets; other programs may be started, which are denied them, too.
///
/// # Errors
/// If the system fails.
pub fn without_sockets() -> io::Result<Filter> {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    return filter::without_sockets();
    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    Ok(Filter {})
}

impl Filter {
    /// Denies it to this thread, and to those that it starts from now on. Makes system calls and nothing else.
    ///
    /// # Errors
    /// If the system fails.
    pub fn enter(&self) -> io::Result<()> {
        #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
        return filter::enter(&self.programs);
        #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
        Ok(())
    }
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod filter {
    use std::collections::BTreeMap;
    use std::io;

    use seccompiler::{
        BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        TargetArch, apply_filter,
    };

    use super::Filter;

    #[cfg(target_arch = "x86_64")]
    const ARCH: TargetArch = TargetArch::x86_64;
    #[cfg(target_arch = "aarch64")]
    const ARCH: TargetArch = TargetArch::aarch64;

    /// Sockets, also one that is there already.
    const SOCKETS: &[i64] = &[
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_bind,
        libc::SYS_connect,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_recvmmsg,
    ];

    /// What else is denied whatever the arguments are.
    const DENIED: &[i64] = &[
        // Other programs and processes.
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_kcmp,
        libc::SYS_kill,
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_unshare,
        libc::SYS_setns,
        // Who it is.
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setreuid,
        libc::SYS_setregid,
        libc::SYS_setresuid,
        libc::SYS_setresgid,
        libc::SYS_setgroups,
        libc::SYS_setfsuid,
        libc::SYS_setfsgid,
        libc::SYS_capset,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_personality,
        // File systems.
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_mount_setattr,
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
        libc::SYS_mknodat,
        libc::SYS_quotactl,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_fanotify_init,
        // Ways around this filter, and much code of the kernel.
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        libc::SYS_io_setup,
        libc::SYS_io_submit,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_memfd_create,
        libc::SYS_memfd_secret,
        libc::SYS_shmget,
        libc::SYS_shmat,
        libc::SYS_msgget,
        libc::SYS_semget,
        libc::SYS_mq_open,
        libc::SYS_vmsplice,
        libc::SYS_splice,
        libc::SYS_ioctl,
        // The machine.
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_acct,
        libc::SYS_syslog,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_adjtimex,
        libc::SYS_clock_adjtime,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_vhangup,
        libc::SYS_lookup_dcookie,
        libc::SYS_move_pages,
        libc::SYS_migrate_pages,
    ];

    /// What only some machines have, or some C libraries name.
    #[cfg(target_arch = "x86_64")]
    const OLD: &[i64] = &[
        libc::SYS_kexec_file_load,
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_mknod,
        libc::SYS_uselib,
        libc::SYS_ustat,
        libc::SYS_sysfs,
        libc::SYS_iopl,
        libc::SYS_ioperm,
        libc::SYS_modify_ldt,
        libc::SYS_nfsservctl,
    ];
    #[cfg(target_arch = "aarch64")]
    const OLD: &[i64] = &[libc::SYS_nfsservctl];

    /// The numbers of a second interface (x32), which few kernels have.
    #[cfg(target_arch = "x86_64")]
    const SECOND_INTERFACE: std::ops::RangeInclusive<i64> = 0x4000_0000..=0x4000_0000 + 547;

    pub fn all() -> io::Result<Filter> {
        let programs = [denying(), without_clone3()].into_iter().collect::<Result<_, _>>();
        Ok(Filter { programs: programs.map_err(io::Error::other)? })
    }

    pub fn without_sockets() -> io::Result<Filter> {
        let rules = unconditionally(SOCKETS.iter().copied().chain([libc::SYS_io_uring_setup]));
        Ok(Filter { programs: vec![program(rules, libc::EPERM).map_err(io::Error::other)?] })
    }

    pub fn enter(programs: &[BpfProgram]) -> io::Result<()> {
        for program in programs {
            match apply_filter(program) {
                Ok(()) => {}
                // A kernel without filters.
                Err(Error::Prctl(error) | Error::Seccomp(error)) if is_missing(&error) => return Ok(()),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(())
    }

    fn is_missing(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS))
    }

    fn denying() -> Result<BpfProgram, Error> {
        let mut rules = unconditionally(SOCKETS.iter().chain(DENIED).chain(OLD).copied());
        // Threads are made in the same way as processes.
        let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
        let is_process = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(thread), 0)?;
        rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![is_process])?]);
        program(rules, libc::EPERM)
    }

    /// Denies these, whatever their arguments are, and the second interface.
    fn unconditionally(numbers: impl Iterator<Item = i64>) -> BTreeMap<i64, Vec<SeccompRule>> {
        #[cfg(target_arch = "x86_64")]
        let numbers = numbers.chain(SECOND_INTERFACE);
        numbers.map(|number| (number, Vec::new())).collect()
    }

    /// What this one is for stands in memory, which a filter cannot read. Who is told that it is not there asks for the other.
    fn without_clone3() -> Result<BpfProgram, Error> {
        program(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
    }

    fn program(rules: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Result<BpfProgram, Error> {
        let denied = SeccompAction::Errno(error.unsigned_abs());
        Ok(SeccompFilter::new(rules, SeccompAction::Allow, denied, ARCH)?.try_into()?)
    }

    #[cfg(test)]
    mod tests {
        use std::net::{TcpListener, UdpSocket};
        use std::os::unix::net::UnixStream;
        use std::process::Command;

        fn is_denied<T: std::fmt::Debug>(result: std::io::Result<T>) -> bool {
            matches!(&result, Err(error) if error.raw_os_error() == Some(libc::EPERM))
        }

        #[test]
        fn what_is_given_up_cannot_be_done_and_files_and_threads_are_as_before() {
            let dir = tempfile::tempdir().expect("a folder");
            let file = dir.path().join("file");
            let (_end, mut pipe) = std::io::pipe().expect("a pipe");
            // In a thread of its own, which alone is restricted.
            let inside = move || {
                super::all().and_then(|filter| filter.enter()).expect("entered");
                assert!(is_denied(TcpListener::bind("127.0.0.1:0")));
                assert!(is_denied(UdpSocket::bind("127.0.0.1:0")));
                assert!(is_denied(UnixStream::pair()));
                assert!(is_denied(Command::new("/bin/true").spawn()));
                let denied = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::CONT);
                assert_eq!(denied, Err(rustix::io::Errno::PERM));
                assert!(is_denied(rustix::process::chroot("/").map_err(Into::into)));
                std::fs::write(&file, "text").expect("written");
                assert_eq!(std::fs::read(&file).expect("read"), b"text");
                let started = std::thread::spawn(|| {
                    assert!(is_denied(UdpSocket::bind("127.0.0.1:0")), "nor what it starts");
                    7
                });
                assert_eq!(started.join().expect("no panic"), 7);
                // What it has open stays so.
                std::io::Write::write_all(&mut pipe, b"x").expect("written");
            };
            std::thread::spawn(inside).join().expect("no panic");
        }
    }
}
