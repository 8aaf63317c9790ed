// Device, primary context, errors, and the tests' controls.
#include "device.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fake {

thread_local void* currentContext = nullptr;
static int contextHandle; // its address is the primary context's handle

static void set_failure(const char* specification);

Device& device() {
  static Device* const the = [] {
    auto* made = new Device; // never destroyed: threads may outlive main
    if (const char* s = getenv("FAKECUDA_SEED")) made->seed = strtoull(s, nullptr, 0);
    if (const char* s = getenv("FAKECUDA_MEMORY_MIB")) made->memoryBytes = strtoull(s, nullptr, 0) << 20;
    if (const char* s = getenv("FAKECUDA_DEVICES")) made->deviceCount = atoi(s);
    return made;
  }();
  static const bool failureRead = [] {
    if (const char* s = getenv("FAKECUDA_FAIL")) set_failure(s);
    return true;
  }();
  (void)failureRead;
  return *the;
}

bool is_sticky(CUresult code) { return code == ILLEGAL_ADDRESS || code == LAUNCH_FAILED; }

CUresult fail(CUresult code, const std::string& message) {
  device().lastMessage = message;
  fprintf(stderr, "cuda stand-in: %s\n", message.c_str());
  return code;
}

CUresult enter(const char* symbol, Needs needs) {
  Device& d = device();
  long call = ++d.calls[symbol], any = ++d.calls["*"];
  if (d.failCall == (d.failSymbol == "*" ? any : d.failSymbol == symbol ? call : -1)) {
    if (is_sticky(d.failCode)) d.sticky = d.failCode;
    d.lastMessage = std::string(symbol) + ": injected failure";
    return d.failCode;
  }
  if (needs == Needs::NOTHING) return SUCCESS;
  if (!d.initialised) return NOT_INITIALIZED;
  if (needs == Needs::INIT) return SUCCESS;
  if (!currentContext || d.contextReferences == 0) {
    return fail(INVALID_CONTEXT, std::string(symbol) + ": this thread has no current context");
  }
  return SUCCESS;
}

// "symbol:call[:code]", calls counted from 1, symbol "*" for a call of any; null or "" for none.
static void set_failure(const char* specification) {
  Device& d = device();
  std::string text = specification ? specification : "";
  size_t first = text.find(':');
  if (first == std::string::npos) {
    d.failSymbol.clear();
    return;
  }
  size_t second = text.find(':', first + 1);
  d.failSymbol = text.substr(0, first);
  d.failCall = atol(text.c_str() + first + 1);
  bool allocates = d.failSymbol.find("Alloc") != std::string::npos;
  d.failCode = second != std::string::npos ? atoi(text.c_str() + second + 1)
               : allocates                 ? CUresult(OUT_OF_MEMORY)
                                           : CUresult(LAUNCH_FAILED);
}

static void note_leak(size_t count, const char* what) {
  if (count) device().leaks += (device().leaks.empty() ? "" : ", ") + std::to_string(count) + " " + what;
}

// What is left when the context goes is a leak; it is freed all the same.
static void end_context() {
  Device& d = device();
  d.leaks.clear();
  note_leak(d.allocations.size(), "device allocations");
  note_leak(d.pinned.size(), "pinned host allocations");
  note_leak(d.streams.size(), "streams");
  note_leak(d.events.size(), "events");
  note_leak(d.modules.size(), "modules");
  note_leak(d.graphs.size(), "graphs");
  note_leak(d.executables.size(), "executable graphs");
  note_leak(size_t(d.libraryObjects), "objects of libraries");
  if (!d.leaks.empty()) fprintf(stderr, "cuda stand-in: leaked at the end of the context: %s\n", d.leaks.c_str());
  while (!d.allocations.empty()) free_allocation(d.allocations.begin());
  for (auto& p : d.pinned) free(p.first);
  for (auto* s : d.streams) delete s;
  for (auto* e : d.events) delete e;
  for (auto* f : d.functions) delete f;
  for (auto* g : d.graphs) delete g;
  for (auto* g : d.executables) delete g;
  d.libraryObjects = 0;
  d.pinned.clear();
  d.streams.clear();
  d.events.clear();
  d.modules.clear();
  d.functions.clear();
  d.graphs.clear();
  d.executables.clear();
  d.defaultStream.queue.clear();
  d.sticky = SUCCESS;
}

} // namespace fake

using namespace fake;

API cuInit(unsigned) {
  ENTER(cuInit, NOTHING);
  if (device().deviceCount == 0) return NO_DEVICE;
  device().initialised = true;
  return SUCCESS;
}
API cuDriverGetVersion(int* version) {
  ENTER(cuDriverGetVersion, NOTHING);
  *version = device().driverVersion;
  return SUCCESS;
}
API cuDeviceGetCount(int* count) {
  ENTER(cuDeviceGetCount, INIT);
  *count = device().deviceCount;
  return SUCCESS;
}
API cuDeviceGet(int* handle, int ordinal) {
  ENTER(cuDeviceGet, INIT);
  if (ordinal < 0 || ordinal >= device().deviceCount) return INVALID_DEVICE;
  *handle = ordinal;
  return SUCCESS;
}
API cuDeviceGetName(char* name, int bytes, int) {
  ENTER(cuDeviceGetName, INIT);
  snprintf(name, size_t(bytes), "CPU stand-in");
  return SUCCESS;
}
API cuDeviceTotalMem_v2(size_t* bytes, int) {
  ENTER(cuDeviceTotalMem_v2, INIT);
  *bytes = device().memoryBytes;
  return SUCCESS;
}
API cuDeviceGetAttribute(int* value, int attribute, int) {
  ENTER(cuDeviceGetAttribute, INIT);
  switch (attribute) {
    case 1: *value = 1024; break;                      // MAX_THREADS_PER_BLOCK
    case 8: *value = 48 * 1024; break;                 // MAX_SHARED_MEMORY_PER_BLOCK
    case 10: *value = 32; break;                       // WARP_SIZE
    case 16: *value = 8; break;                        // MULTIPROCESSOR_COUNT
    case 75: *value = device().capability / 10; break; // COMPUTE_CAPABILITY_MAJOR
    case 76: *value = device().capability % 10; break; // COMPUTE_CAPABILITY_MINOR
    case 97: *value = 232448; break;                   // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    default: return fail(NOT_SUPPORTED, "cuDeviceGetAttribute: attribute " + std::to_string(attribute));
  }
  return SUCCESS;
}
API cuDevicePrimaryCtxRetain(void** context, int) {
  ENTER(cuDevicePrimaryCtxRetain, INIT);
  ++device().contextReferences;
  *context = &contextHandle;
  return SUCCESS;
}
API cuDevicePrimaryCtxRelease_v2(int) {
  ENTER(cuDevicePrimaryCtxRelease_v2, INIT);
  if (device().contextReferences == 0) return INVALID_CONTEXT;
  if (--device().contextReferences == 0) end_context();
  return SUCCESS;
}
API cuCtxSetCurrent(void* context) {
  ENTER(cuCtxSetCurrent, INIT);
  if (context && (context != &contextHandle || device().contextReferences == 0)) return INVALID_CONTEXT;
  currentContext = context;
  return SUCCESS;
}
API cuCtxGetCurrent(void** context) {
  ENTER(cuCtxGetCurrent, INIT);
  *context = currentContext;
  return SUCCESS;
}
API cuCtxSynchronize() {
  ENTER(cuCtxSynchronize, CONTEXT);
  if (CUresult refused = refuse_in_capture("cuCtxSynchronize")) return refused;
  return drain_all();
}
API cuGetErrorName(CUresult code, const char** name) {
  static const std::map<CUresult, const char*> names = {
      {SUCCESS, "CUDA_SUCCESS"},
      {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
      {OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
      {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
  };
  auto found = names.find(code);
  *name = found == names.end() ? "CUDA_ERROR" : found->second;
  return SUCCESS;
}
API cuGetErrorString(CUresult code, const char** text) {
  std::lock_guard<std::recursive_mutex> guard(device().mutex);
  *text = code == SUCCESS ? "no error" : device().lastMessage.c_str();
  return SUCCESS;
}

// ---- for stand-ins of libraries over the driver

// Counts a library's call as a driver's, with its injected failure.
CONTROL int fakecuda_enter(const char* symbol) {
  std::lock_guard<std::recursive_mutex> guard(device().mutex);
  if (CUresult entered = enter(symbol, Needs::CONTEXT)) return entered;
  return device().sticky;
}
// Objects that a library made, or destroyed.
CONTROL void fakecuda_objects(long made) {
  std::lock_guard<std::recursive_mutex> guard(device().mutex);
  device().libraryObjects += made;
}
CONTROL int fakecuda_in_device(const void* at, size_t bytes) {
  std::lock_guard<std::recursive_mutex> guard(device().mutex);
  return in_device((CUdeviceptr)at, bytes);
}
// Puts work on a stream; `data` is given back when nothing can run it any more.
CONTROL int fakecuda_push(void* handle, void (*work)(void*), void* data, void (*release)(void*)) {
  std::lock_guard<std::recursive_mutex> guard(device().mutex);
  std::shared_ptr<void> held(data, release);
  Stream* stream = stream_of(handle);
  if (!stream) return INVALID_HANDLE;
  return push(stream, [work, held] { return work(held.get()), SUCCESS; });
}

// ---- controls: what a test may ask of the stand-in, beside the environment FAKECUDA_{SEED,MEMORY_MIB,DEVICES,FAIL}

// Forgets counted calls, the injected failure and a sticky error, as a new process would.
CONTROL void fakecuda_reset() {
  std::lock_guard<std::recursive_mutex> guard(device().mutex);
  Device& d = device();
  d.calls.clear();
  d.failSymbol.clear();
  d.sticky = SUCCESS;
  d.leaks.clear();
  d.memoryBytes = 1ull << 30;
  d.driverVersion = 13000;
  d.deviceCount = 1;
  d.capability = 90;
}
CONTROL void fakecuda_fail(const char* specification) {
  std::lock_guard<std::recursive_mutex> guard(device().mutex);
  device().calls.clear();
  set_failure(specification);
}
CONTROL long fakecuda_calls(const char* symbol) {
  std::lock_guard<std::recursive_mutex> guard(device().mutex);
  auto found = device().calls.find(symbol);
  return found == device().calls.end() ? 0 : found->second;
}
// What the last release of the context found not freed, "" for nothing; valid until the next release.
CONTROL const char* fakecuda_leaks() { return device().leaks.c_str(); }
CONTROL void fakecuda_seed(uint64_t seed) { device().seed = seed; }
CONTROL void fakecuda_memory(uint64_t bytes) { device().memoryBytes = bytes; }
CONTROL void fakecuda_driver_version(int version) { device().driverVersion = version; }
CONTROL void fakecuda_devices(int count) { device().deviceCount = count; }
CONTROL void fakecuda_capability(int capability) { device().capability = capability; }
