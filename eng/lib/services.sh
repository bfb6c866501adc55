# Building, starting and checking the services. Sourced, never run.
# shellcheck shell=bash

# Development defaults, the same as in the services; outside Development the services refuse them.
export Auth__BuyerTokenKey=${Auth__BuyerTokenKey:-development-only-buyer-token-signing-key}
export Auth__OpsKey=${Auth__OpsKey:-development-only-ops-key-0123456789}
export Payments__SigningKey=${Payments__SigningKey:-development-only-payment-signing-key}
export ASPNETCORE_ENVIRONMENT=${ASPNETCORE_ENVIRONMENT:-${DOTNET_ENVIRONMENT:-Development}}
export DOTNET_ENVIRONMENT=${DOTNET_ENVIRONMENT:-$ASPNETCORE_ENVIRONMENT}

# as_in_production: the services run as in production, and one machine sends the requests of all clients.
as_in_production() {
    secret() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
    # No developer's error pages. Outside Development the services refuse the known keys.
    export ASPNETCORE_ENVIRONMENT=Production DOTNET_ENVIRONMENT=Production
    Auth__BuyerTokenKey=$(secret) Auth__OpsKey=$(secret) Payments__SigningKey=$(secret)
    # The rate limits of an address and a user must not apply.
    export RateLimits__AddressBurst=1000000000 RateLimits__AddressPerSecond=1000000000
    export RateLimits__UserBurst=1000000000 RateLimits__UserPerSecond=1000000000
    export Legacy__CreateSchema=true
    # The stores are on this machine.
    export Stores__AllowUnencrypted=true
}

# The build configuration: Release to run, Debug to test.
FLAVOUR=Release

output_of() { echo "$ROOT/$1/bin/$FLAVOUR/net10.0"; }

load_client() { echo "$(output_of loadtests)/Seckill.LoadTests.dll"; }

# build: builds everything; skipped when no source has changed since the last build.
build() {
    local sources stamp=$ROOT/.run/build-$FLAVOUR lock ok=1
    command -v dotnet >/dev/null || die "the .NET 10 SDK is missing: no dotnet on the PATH"
    exec {lock}>"$ROOT/.run/build.lock"
    flock "$lock"
    sources=$(sources_digest)
    if [ "$sources" != "$(cat "$stamp" 2>/dev/null)" ] || [ ! -f "$(output_of OrderService)/Seckill.OrderService.dll" ] ||
        [ ! -f "$(output_of InventoryService)/Seckill.InventoryService.dll" ]; then
        say "building (minutes the first time, seconds later)"
        stop 5 build
        : >"$RUN/logs/build.log"
        # Build servers would outlive this command. A build in the background can be interrupted.
        spawn build '' "$ROOT" dotnet build Seckill.sln -c "$FLAVOUR" -p:RestoreLockedMode=true --disable-build-servers -v quiet
        if show_build $!; then
            echo "$sources" >"$stamp"
        else
            ok=''
            grep -E 'error|warn' "$RUN/logs/build.log" | sort -u | head -n 30 >&2 || true
            ! grep -q NU1004 "$RUN/logs/build.log" || say "packages and lock files differ: dotnet restore Seckill.sln --force-evaluate"
            say "the build failed; see $RUN/logs/build.log"
        fi
        rm -f "$RUN/pids/build"
    fi
    exec {lock}>&-
    [ -n "$ok" ]
}

# show_build PID: waits for the build, and says every ten seconds how far it is.
show_build() {
    local started=$SECONDS next=$((SECONDS + 10)) all
    all=$(grep -c '^Project(.*\.csproj' "$ROOT/Seckill.sln")
    while alive build; do
        if [ $SECONDS -ge $next ]; then
            next=$((SECONDS + 10))
            say "building: $(find "$ROOT" -path "*/obj/$FLAVOUR/net10.0/Seckill.*.dll" -newer "$RUN/pids/build" 2>/dev/null | wc -l)" \
                "of $all projects after $((SECONDS - started)) s"
        fi
        sleep 0.2
    done
    wait "$1"
}

sources_digest() {
    { cd "$ROOT" && find Shared OrderService InventoryService loadtests tests Seckill.sln ./*.props global.json .editorconfig \
        \( -name bin -o -name obj -o -name reports \) -prune -o -type f -printf '%p %T@ %s\n' 2>/dev/null; true; } | sort | digest
}

# install_app PROJECT: services run from a copy, so that a later build does not disturb them. An outdated copy is
# replaced after its processes have stopped.
install_app() {
    local project=$1 processes=$2 app=$RUN/app/$1 version
    version=$(cd "$(output_of "$project")" && find . -type f -printf '%p %T@ %s\n' | sort | digest)
    [ "$version" != "$(cat "$app.version" 2>/dev/null)" ] || return 0
    # shellcheck disable=SC2046,SC2086  # lists of words
    stop 15 $(recorded | grep -E "$processes" || true)
    rm -rf "$app" "$app.version"
    mkdir -p "$RUN/app"
    cp -R "$(output_of "$project")" "$app"
    echo "$version" >"$app.version"
}

# service_command NAME: sets project and command.
service_command() {
    project=OrderService
    [[ $1 != inventory* ]] || project=InventoryService
    command=(dotnet "Seckill.$project.dll")
    case $1 in api-*) command+=(--role api) ;; worker-*) command+=(--role worker) ;; esac
    command+=(--urls "http://127.0.0.1:$(port_of "$1")" --Management:Port "$(port_of "ops-$1")")
}

# start_service NAME: does nothing if it already runs with the same version and settings. In a subshell, which becomes the role.
start_service() (
    local name=$1 project command spec
    service_command "$name"
    become "${name%%-*}"
    spec=$({ cat "$RUN/app/$project.version"; echo "${command[*]}"; service_settings; } | digest)
    if alive "$name"; then
        [ "$SPEC" != "$spec" ] || return 0
        say "restarting $name: its version or settings have changed"
        stop 15 "$name"
    fi
    say "starting $name"
    spawn "$name" "$spec" "$RUN/app/$project" "${command[@]}"
)

# What a service reads from its environment: configuration sections, and the environment's name.
service_settings() { env | grep -E '^[A-Za-z]+__|^(ASPNETCORE|DOTNET)_ENVIRONMENT=' | sort; }

# changed_settings: names of what is set otherwise than when the running services were started. Values may be secret.
changed_settings() {
    [ -f "$RUN/settings" ] || return 0
    diff <(grep -E '__|_ENVIRONMENT=' "$RUN/settings") <(service_settings) |
        sed -nE 's/^[<>] ([A-Za-z_0-9]+)=.*/\1/p' | sort -u | paste -sd ' ' || true
}

# check_settings: whether one service of each kind would start with these settings, before those that run are stopped.
check_settings() {
    local name project command
    for name in api-1 worker-1 inventory; do
        service_command $name
        (cd "$(output_of $project)" && "${command[@]}" --check-settings >&2) || return 1
    done
}

service_ready() {
    local complaints
    http_get "$(port_of "ops-$1")" /health/ready || true
    complaints=$(failed_checks)
    case $HTTP_STATUS in
        200) DETAIL=ready${complaints:+, but $complaints} ;;
        '') DETAIL="not answering" ;;
        *) DETAIL="not ready: ${complaints:-HTTP $HTTP_STATUS}" ;;
    esac
    [ "$HTTP_STATUS" = 200 ]
}

# failed_checks: the checks that fail in the readiness report, as "redis unhealthy, postgres degraded".
failed_checks() {
    tr -d '\n' <<<"$HTTP_BODY" | grep -oE '"name" *: *"[^"]*" *, *"status" *: *"[^"]*"' |
        sed -nE 's/^"name" *: *"([^"]*)".*"status" *: *"([^"]*)"$/\1 \2/p' |
        grep -viE ' healthy$' | paste -sd , | sed 's/,/, /g' || true
}
