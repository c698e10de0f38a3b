/*
 * The part of recorder.c that watches names: which file stands under which path, and the calls the model does not know.
 * It is one translation unit with recorder.c and uses its mutex and its REAL().
 */
#ifndef RECORDER_NAMES_H
#define RECORDER_NAMES_H

KEEP_REAL(renameat2);
KEEP_REAL(unlinkat);
KEEP_REAL(mkdirat);

static void log_name(enum event_kind kind, const char *path, const char *path2, ino_t inode, uint8_t flags) {
  log_event((struct event_header){.kind = kind, .inode = inode, .flags = flags}, path, path2, NULL, 0, 0);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags) {
  if (log_fd < 0) return REAL(renameat2)(from_fd, from, to_fd, to, flags);
  LOCK();
  char old_path[PATH_MAX], new_path[PATH_MAX];
  struct stat status = {0};
  int ours = root_path(from_fd, from, old_path) + root_path(to_fd, to, new_path);
  if (ours > 0) control_maybe_kill();
  int known = fstatat(from_fd, from, &status, AT_SYMLINK_NOFOLLOW) == 0;
  int result = REAL(renameat2)(from_fd, from, to_fd, to, flags);
  if (result == 0 && ours == 2 && known && flags == 0 && S_ISREG(status.st_mode))
    log_name(EVENT_RENAME, old_path, new_path, status.st_ino, 0);
  else if (result == 0 && ours > 0)
    log_name(EVENT_UNSUPPORTED, "rename of a directory, across the root, or with flags", NULL, 0, 0);
  UNLOCK();
  return result;
}
int renameat(int from_fd, const char *from, int to_fd, const char *to) { return renameat2(from_fd, from, to_fd, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int directory_fd, const char *path, int flags) {
  if (log_fd < 0) return REAL(unlinkat)(directory_fd, path, flags);
  LOCK();
  char full[PATH_MAX];
  int ours = root_path(directory_fd, path, full);
  if (ours) control_maybe_kill();
  int result = REAL(unlinkat)(directory_fd, path, flags);
  if (result == 0 && ours) log_name((flags & AT_REMOVEDIR) != 0 ? EVENT_RMDIR : EVENT_UNLINK, full, NULL, 0, 0);
  UNLOCK();
  return result;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int directory_fd, const char *path, mode_t mode) {
  if (log_fd < 0) return REAL(mkdirat)(directory_fd, path, mode);
  LOCK();
  char full[PATH_MAX];
  int ours = root_path(directory_fd, path, full);
  if (ours) control_maybe_kill();
  int result = REAL(mkdirat)(directory_fd, path, mode);
  struct stat status = {0};
  if (result == 0 && ours && fstatat(directory_fd, path, &status, 0) == 0)
    log_name(EVENT_MKDIR, full, NULL, status.st_ino, OPEN_DIRECTORY);
  UNLOCK();
  return result;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* --- calls the model does not know: refuse where the caller has another way, else say so in the log ------------------ */

/*
 * libuv calls the kernel directly for these two. Refused, it falls back to read and write and to its thread pool, which
 * are recorded. Everything else passes through; no system call takes more than six arguments.
 */
long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long arg[6];
  for (int i = 0; i < 6; i++) arg[i] = va_arg(list, long);
  va_end(list);
  if (log_fd >= 0 && (number == SYS_copy_file_range || number == SYS_io_uring_setup)) {
    errno = number == SYS_copy_file_range ? EXDEV : ENOSYS;
    return -1;
  }
  return REAL(syscall)(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

ssize_t copy_file_range(int in, off64_t *in_offset, int out, off64_t *out_offset, size_t length, unsigned int flags) {
  return syscall(SYS_copy_file_range, in, in_offset, out, out_offset, length, flags);
}

KEEP_REAL(sendfile64);
ssize_t sendfile64(int out, int in, off64_t *offset, size_t length) {
  if (log_fd < 0) return REAL(sendfile64)(out, in, offset, length);
  errno = EINVAL;
  return -1;
}
ssize_t sendfile(int out, int in, off_t *offset, size_t length) { return sendfile64(out, in, offset, length); }

KEEP_REAL(linkat);
int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
  int result = REAL(linkat)(from_fd, from, to_fd, to, flags);
  char full[PATH_MAX];
  if (result == 0 && log_fd >= 0 && root_path(to_fd, to, full)) {
    LOCK();
    log_name(EVENT_UNSUPPORTED, "link", NULL, 0, 0);
    UNLOCK();
  }
  return result;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int truncate64(const char *path, off64_t size) {
  int fd = open64(path, O_WRONLY | O_CLOEXEC); /* so that it is recorded like any other truncation */
  if (fd < 0) return -1;
  int result = ftruncate64(fd, size);
  int saved_errno = errno;
  close(fd);
  errno = saved_errno;
  return result;
}
int truncate(const char *path, off_t size) { return truncate64(path, size); }

#endif
