<#
.SYNOPSIS
Checks the settings before anything is started, as check_env.py does: it holds no names of its own and hands all
arguments on (try --help, or --names for all settings).
#>
$ErrorActionPreference = 'Stop'
$python = Get-Command py, python3, python -ErrorAction SilentlyContinue | Select-Object -First 1
if (-not $python) {
    Write-Output 'error: Python 3.11 or newer is needed and was not found. Install it, then try again.'
    exit 1
}
& $python.Source (Join-Path $PSScriptRoot 'check_env.py') @args
exit $LASTEXITCODE
