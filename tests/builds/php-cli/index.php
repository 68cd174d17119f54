<?php
echo mb_strtoupper("grüße"), " ", extension_loaded("sqlite3") ? "sqlite" : "none", "\n";
