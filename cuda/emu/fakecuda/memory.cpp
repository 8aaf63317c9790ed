// Device memory between guards that fault, pinned host memory, copies and fills.
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "device.h"

namespace fake {

constexpr size_t PAGE = 4096, GUARDED = 16 << 20, ALIGNMENT = 256, POISONED_BYTES = 64 << 20;

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

bool in_device(CUdeviceptr at, size_t bytes) {
  auto next = device().allocations.upper_bound(at);
  if (next == device().allocations.begin()) return false;
  --next;
  return bytes <= next->second && at - next->first <= next->second - bytes;
}

bool in_pinned(const void* at, size_t bytes) {
  auto next = device().pinned.upper_bound((char*)at);
  if (next == device().pinned.begin()) return false;
  --next;
  return bytes <= next->second && size_t((char*)at - next->first) <= next->second - bytes;
}

void free_allocation(std::map<CUdeviceptr, size_t>::iterator allocation) {
  size_t bytes = allocation->second, mapped = round_up(bytes, PAGE) + 2 * GUARDED;
  munmap((char*)(allocation->first + round_up(bytes, ALIGNMENT) + GUARDED - mapped), mapped);
  device().usedBytes -= bytes;
  device().allocations.erase(allocation);
}

static CUresult check_range(const char* symbol, CUdeviceptr at, size_t bytes) {
  if (in_device(at, bytes)) return SUCCESS;
  return fail(INVALID_VALUE, std::string(symbol) + ": " + std::to_string(bytes) + " bytes are not in one allocation");
}

// An asynchronous copy from other memory than pinned would race with whoever moves it, Java's collector say.
static CUresult check_pinned(const char* symbol, const void* at, size_t bytes) {
  if (in_pinned(at, bytes)) return SUCCESS;
  return fail(INVALID_VALUE, std::string(symbol) + ": the host side is not pinned memory");
}

static CUresult queue(void* handle, Operation operation) {
  Stream* stream = stream_of(handle);
  return stream ? push(stream, std::move(operation)) : CUresult(INVALID_HANDLE);
}

} // namespace fake

using namespace fake;

API cuMemGetInfo_v2(size_t* free, size_t* total) {
  ENTER(cuMemGetInfo_v2, CONTEXT);
  *total = device().memoryBytes;
  *free = device().memoryBytes - device().usedBytes;
  return device().sticky;
}
API cuMemAlloc_v2(CUdeviceptr* at, size_t bytes) {
  ENTER(cuMemAlloc_v2, CONTEXT);
  Device& d = device();
  if (d.sticky) return d.sticky;
  if (CUresult refused = refuse_in_capture("cuMemAlloc_v2")) return refused;
  if (bytes == 0) return INVALID_VALUE;
  if (bytes > d.memoryBytes - d.usedBytes) return OUT_OF_MEMORY;
  size_t pages = round_up(bytes, PAGE);
  void* mapped = mmap(nullptr, pages + 2 * GUARDED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return OUT_OF_MEMORY;
  char* data = (char*)mapped + GUARDED;
  mprotect(data, pages, PROT_READ | PROT_WRITE);
  memset(data, 0xFF, pages < POISONED_BYTES ? pages : POISONED_BYTES);
  *at = (CUdeviceptr)(data + pages - round_up(bytes, ALIGNMENT)); // so that an overrun meets the guard
  d.allocations[*at] = bytes;
  d.usedBytes += bytes;
  return SUCCESS;
}
API cuMemFree_v2(CUdeviceptr at) {
  ENTER(cuMemFree_v2, CONTEXT);
  if (!at) return SUCCESS;
  if (CUresult refused = refuse_in_capture("cuMemFree_v2")) return refused;
  drain_all();
  auto found = device().allocations.find(at);
  if (found == device().allocations.end()) return fail(INVALID_VALUE, "cuMemFree_v2: not the start of an allocation");
  free_allocation(found);
  return device().sticky;
}
API cuMemHostAlloc(void** at, size_t bytes, unsigned) {
  ENTER(cuMemHostAlloc, CONTEXT);
  if (device().sticky) return device().sticky;
  if (CUresult refused = refuse_in_capture("cuMemHostAlloc")) return refused;
  if (bytes == 0) return INVALID_VALUE;
  *at = aligned_alloc(PAGE, round_up(bytes, PAGE));
  if (!*at) return OUT_OF_MEMORY;
  memset(*at, 0xFF, bytes);
  device().pinned[(char*)*at] = bytes;
  return SUCCESS;
}
API cuMemAllocHost_v2(void** at, size_t bytes) { return cuMemHostAlloc(at, bytes, 0); }
API cuMemFreeHost(void* at) {
  ENTER(cuMemFreeHost, CONTEXT);
  drain_all();
  if (!device().pinned.erase((char*)at)) return fail(INVALID_VALUE, "cuMemFreeHost: not pinned memory");
  free(at);
  return device().sticky;
}

API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, void* stream) {
  ENTER(cuMemcpyHtoDAsync_v2, CONTEXT);
  if (CUresult bad = check_range("cuMemcpyHtoDAsync_v2", to, bytes)) return bad;
  if (CUresult bad = check_pinned("cuMemcpyHtoDAsync_v2", from, bytes)) return bad;
  return queue(stream, [=] { return memcpy((void*)to, from, bytes), SUCCESS; });
}
API cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, void* stream) {
  ENTER(cuMemcpyDtoHAsync_v2, CONTEXT);
  if (CUresult bad = check_range("cuMemcpyDtoHAsync_v2", from, bytes)) return bad;
  if (CUresult bad = check_pinned("cuMemcpyDtoHAsync_v2", to, bytes)) return bad;
  return queue(stream, [=] { return memcpy(to, (void*)from, bytes), SUCCESS; });
}
API cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, void* stream) {
  ENTER(cuMemcpyDtoDAsync_v2, CONTEXT);
  if (CUresult bad = check_range("cuMemcpyDtoDAsync_v2", to, bytes)) return bad;
  if (CUresult bad = check_range("cuMemcpyDtoDAsync_v2", from, bytes)) return bad;
  return queue(stream, [=] { return memmove((void*)to, (void*)from, bytes), SUCCESS; });
}
API cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
  ENTER(cuMemcpyHtoD_v2, CONTEXT);
  if (CUresult refused = refuse_in_capture("cuMemcpyHtoD_v2")) return refused;
  if (CUresult failed = drain(&device().defaultStream)) return failed;
  if (CUresult bad = check_range("cuMemcpyHtoD_v2", to, bytes)) return bad;
  memcpy((void*)to, from, bytes);
  return SUCCESS;
}
API cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
  ENTER(cuMemcpyDtoH_v2, CONTEXT);
  if (CUresult refused = refuse_in_capture("cuMemcpyDtoH_v2")) return refused;
  if (CUresult failed = drain(&device().defaultStream)) return failed;
  if (CUresult bad = check_range("cuMemcpyDtoH_v2", from, bytes)) return bad;
  memcpy(to, (void*)from, bytes);
  return SUCCESS;
}
API cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, void* stream) {
  ENTER(cuMemsetD8Async, CONTEXT);
  if (CUresult bad = check_range("cuMemsetD8Async", to, count)) return bad;
  return queue(stream, [=] { return memset((void*)to, value, count), SUCCESS; });
}
API cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, void* stream) {
  ENTER(cuMemsetD32Async, CONTEXT);
  if (CUresult bad = check_range("cuMemsetD32Async", to, count * 4)) return bad;
  return queue(stream, [=] {
    for (size_t i = 0; i < count; ++i) ((unsigned*)to)[i] = value;
    return SUCCESS;
  });
}
