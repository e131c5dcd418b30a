<?php
// The API in PHP, a front controller: what is below it is the resource. Answers a resource with `resource PATH`, as
// resources.py says.
$resources = json_decode(file_get_contents(__DIR__ . '/../resources.json'), true)['resources'];
$path = $_SERVER['PATH_INFO'] ?? '';
if ($path === '') // as frameworks do: what was asked for, without its query
    $path = rawurldecode(explode('?', $_SERVER['REQUEST_URI'], 2)[0]);
$path = preg_replace('~^/index\.php(?=/|$)~i', '', $path) ?: '/';
header('Content-Type: text/plain');
if (in_array($path, $resources, true)) {
    echo "resource $path\n";
} else {
    http_response_code(404);
    echo "none\n";
}
